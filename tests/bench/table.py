"""Rows of measured values, printed as they come."""

import statistics
import time

SECONDS_MOST = 40  # for the rounds of one comparison after its first


class Table:
    def __init__(self, rounds):
        self.rounds, self.rows = rounds, []

    def compare(self, suite, case, unit, contestants, rounds=None):
        """Measures all in turn, as often as there is time for: what the host does meanwhile meets all of them. Ratios are to
        the first one, of the medians and of the minima; waiting only adds, so the minima say most about the loader."""
        values = {who: [] for who, _ in contestants}
        start = time.monotonic()
        for number in range(rounds or self.rounds):
            if number > 0 and time.monotonic() - start > SECONDS_MOST:
                break
            for who, function in contestants:
                values[who].append(function())
        base = values[contestants[0][0]]
        for who, measured in values.items():
            self.add(suite, case, who, unit, measured, base)

    def add(self, suite, case, who, unit, values, base=None):
        base = base or values
        row = {"suite": suite, "case": case, "who": who, "unit": unit, "median": round(statistics.median(values), 3),
               "min": round(min(values), 3), "max": round(max(values), 3), "rounds": len(values),
               "ratio": ratio(statistics.median(values), statistics.median(base)),
               "ratio_min": ratio(min(values), min(base))}  # fmt: skip
        self.rows.append(row)
        print(f"{suite:12} {case:30} {who:16} {row['median']:10.2f} {unit:10} [{row['min']:.2f} .. {row['max']:.2f}]"
              f"  x {row['ratio']}, minima x {row['ratio_min']}", flush=True)  # fmt: skip

    def markdown(self):
        lines = ["| what | case | who | median | min | max | ratio | of minima |", "|---|---|---|---:|---:|---:|---:|---:|"]
        for row in self.rows:
            lines.append(f"| {row['suite']} | {row['case']} | {row['who']} | {row['median']:.2f} {row['unit']} |"
                         f" {row['min']:.2f} | {row['max']:.2f} | {row['ratio']:.2f} | {row['ratio_min']:.2f} |")  # fmt: skip
        return "\n".join(lines) + "\n"


def ratio(value, base):
    return round(value / base, 3) if base else 0.0
