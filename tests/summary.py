#!/usr/bin/env python3
"""summary.py REPORT...: adds up ctest's JUnit reports.

Writes what failed tests said to failed/ beside each report, names what skipped tests lack, and prints the line
"N passed, N failed, N skipped" last. Exit code 1 if anything failed; in CI, also if anything was skipped.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def save_output(report, case):
    """Keeps the output of a failed test; returns the file's path."""
    directory = os.path.join(os.path.dirname(report), "failed")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, re.sub(r"[^A-Za-z0-9._-]+", "_", case.get("name")) + ".log")
    with open(path, "w", encoding="utf-8", errors="replace") as log:
        log.write(case.findtext("system-out") or "")
    return path


def is_skipped(case):
    """Only what skipped itself: a test that could not be started has failed."""
    skipped = case.find("skipped")
    return skipped is not None and skipped.get("message", "").startswith("SKIP_")


def skip_reason(case):
    lines = (case.findtext("system-out") or "").strip().splitlines()
    return lines[-1] if lines else "it does not say why"


def add_up(report, counts):
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.get("status") == "run" and case.find("failure") is None:
            counts["passed"] += 1
        elif is_skipped(case):
            counts["skipped"] += 1
            print(f"skipped: {case.get('name')}: {skip_reason(case)}")
        else:
            counts["failed"] += 1
            print(f"failed: {case.get('name')}: {save_output(report, case)}")


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for report in sys.argv[1:]:
        if os.path.exists(report):
            add_up(report, counts)
        else:
            counts["failed"] += 1
            print(f"failed: ctest wrote no report {report}")
    if sum(counts.values()) == 0:
        counts["failed"] = 1
        print("failed: there was no test to run")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    skips_fail = os.environ.get("CI") == "true"
    return 1 if counts["failed"] or (skips_fail and counts["skipped"]) else 0


if __name__ == "__main__":
    sys.exit(main())
