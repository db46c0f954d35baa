"""Two pictures of the benchmark's results, as SVG: a small kernel's boot by phase, and time against size."""

import math
import re

COLOURS = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f", "#bab0ac"]
WIDTH, LEFT, RIGHT = 860, 90, 30


def text(x, y, words, anchor="start", size=13):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>'


def svg(height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif">\n'
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")  # fmt: skip


def draw_phases(phases):
    longest = max(sum(ms for _, ms in rows) for rows in phases.values())
    scale = (WIDTH - LEFT - RIGHT) / longest
    parts = [text(LEFT, 24, "A 64 KiB kernel's boot by phase, virtual milliseconds in our loader", size=15)]
    names = [name for name, _ in next(iter(phases.values()))]
    for row, (firmware, times) in enumerate(phases.items()):
        x, y = LEFT, 45 + row * 55
        parts.append(text(LEFT - 10, y + 24, firmware.upper(), "end"))
        for name, ms in times:
            colour = COLOURS[names.index(name)]
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{ms * scale:.1f}" height="36" fill="{colour}"/>')
            if ms * scale > 40:
                parts.append(text(x + ms * scale / 2, y + 23, f"{ms:.2f}", "middle", 12))
            x += ms * scale
    for i, name in enumerate(names):
        x, y = LEFT + i % 3 * 250, 175 + i // 3 * 22
        parts.append(f'<rect x="{x}" y="{y - 11}" width="14" height="14" fill="{COLOURS[i]}"/>' + text(x + 20, y, name))
    return svg(240, parts)


def points_of(rows, firmware):
    series = {}
    for row in rows:
        found = re.fullmatch(rf"{firmware} ahci (\d+) MiB", row["case"])
        if row["suite"] == "bulk" and found:
            series.setdefault(row["who"], []).append((int(found.group(1)), row["median"]))
    return series


def draw_sizes(rows):
    top, bottom, width = 50, 330, 340
    parts = [text(LEFT, 24, "Loading a kernel from AHCI: virtual milliseconds against MiB", size=15)]
    for panel, firmware in enumerate(("bios", "uefi")):
        series, left = points_of(rows, firmware), LEFT + panel * (width + 60)
        values = [point for points in series.values() for point in points]
        if not values:
            continue
        low, high = 0, math.ceil(math.log10(max(ms for _, ms in values)))
        most = max(1, math.log2(max(size for size, _ in values)))

        def place(size, ms, left=left, low=low, high=high, most=most):
            return (left + math.log2(size) / most * (width - 20),
                    bottom - (math.log10(max(ms, 1)) - low) / (high - low) * (bottom - top))  # fmt: skip

        parts.append(text(left + width / 2, top - 6, firmware.upper(), "middle"))
        for power in range(low, high + 1):
            y = place(1, 10**power)[1]
            parts.append(f'<line x1="{left}" x2="{left + width - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(text(left - 6, y + 4, f"{10**power}", "end", 11))
        for size in sorted({size for size, _ in values}):
            parts.append(text(place(size, 1)[0], bottom + 18, f"{size}", "middle", 11))
        for i, (who, points) in enumerate(series.items()):
            line = " ".join("{:.1f},{:.1f}".format(*place(*point)) for point in sorted(points))
            parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"/>')
            parts += ['<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>'.format(*place(*p), COLOURS[i]) for p in points]
            if panel == 0:
                parts.append(f'<rect x="{LEFT + i * 170}" y="365" width="14" height="14" fill="{COLOURS[i]}"/>')
                parts.append(text(LEFT + i * 170 + 20, 377, who))
    return svg(395, parts)


def write(results, directory):
    if results["phases"]:
        (directory / "phases.svg").write_text(draw_phases(results["phases"]))
    if any(row["suite"] == "bulk" for row in results["rows"]):
        (directory / "sizes.svg").write_text(draw_sizes(results["rows"]))
