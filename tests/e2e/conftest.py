"""tests/e2e/conftest.py - what every end-to-end test has: the machine for itself, and an end to its time."""
import fcntl
import os
import signal

import pytest

SECONDS = 90


def pytest_configure(config):
    """One run at a time on a machine: worlds have names, and a run clears away what a killed one left under the same name. Of a run by
    ctest there may be two, in lanes whose worlds have other names (CMakeLists.txt)."""
    lane = os.environ.get("PENSTOCK_LANE")
    config.penstock_locks = [open("/run/penstock-e2e.lock", "w", encoding="utf-8")]  # pylint: disable=consider-using-with
    if lane:
        config.penstock_locks.append(open(f"/run/penstock-e2e-{lane}.lock", "w", encoding="utf-8"))  # pylint: disable=consider-using-with
        fcntl.flock(config.penstock_locks[1], fcntl.LOCK_EX)
    fcntl.flock(config.penstock_locks[0], fcntl.LOCK_SH if lane else fcntl.LOCK_EX)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """So long for a test with all its fixtures, or as its mark `seconds` says: a program that hangs must not hang the run."""
    mark = item.get_closest_marker("seconds")
    seconds = mark.args[0] if mark else SECONDS

    def late(*_):
        raise TimeoutError(f"{item.name} took more than {seconds} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


def pytest_terminal_summary(terminalreporter):
    """What clients saw on the bad days, passed or not."""
    from bad_day import print_table  # pylint: disable=import-outside-toplevel

    terminalreporter.ensure_newline()
    print_table(terminalreporter.write_line)
