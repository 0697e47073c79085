"""Adds up JUnit reports and prints one closing line: N passed, N failed. Fails if any test did, or a report is missing."""

import sys
import xml.etree.ElementTree as ElementTree


def counts(path):
    """The numbers of tests that passed and failed; a report that is not there is one failure, its tests died early."""
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"no test report: {error}")
        return 0, 1
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed


totals = [sum(column) for column in zip(*map(counts, sys.argv[1:]))]
print(f"{totals[0]} passed, {totals[1]} failed")
sys.exit(1 if totals[1] or not totals[0] else 0)
