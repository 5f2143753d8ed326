# SPDX-License-Identifier: Apache-2.0
"""tap: runs the unittest classes of a program and says TAP on standard output."""

import sys
import traceback
import unittest


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.bad = 0
        self.bad_parts = self.said = False

    def _line(self, good, test, note=""):
        self.bad += not good
        self.said = True
        print(f"{'' if good else 'not '}ok {self.testsRun} - {test.id().split('.', 1)[-1]}{note}", flush=True)

    def addSuccess(self, test):
        self._line(True, test)

    def addSkip(self, test, reason):
        self._line(True, test, f" # SKIP {reason}")

    @staticmethod
    def _tell(err):
        for line in "".join(traceback.format_exception(*err)).splitlines():
            print(f"# {line}", flush=True)

    def addFailure(self, test, err):
        self._line(False, test)
        self._tell(err)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.bad_parts = True
            print(f"# {subtest.id()}", flush=True)
            self._tell(err)

    def startTest(self, test):
        super().startTest(test)
        self.bad_parts = self.said = False

    def stopTest(self, test):
        super().stopTest(test)
        if self.bad_parts and not self.said:
            self._line(False, test)  # Then unittest calls neither addSuccess nor addFailure.


def main():
    """Run the tests of __main__, or those whose names contain an argument."""
    suite = unittest.TestSuite()
    for case in unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]):
        for test in case:
            if len(sys.argv) < 2 or any(word in test.id() for word in sys.argv[1:]):
                suite.addTest(test)
    result = _Result()
    suite.run(result)
    print(f"1..{result.testsRun}", flush=True)
    sys.exit(1 if result.bad or not result.testsRun else 0)
