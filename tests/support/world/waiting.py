"""tests/support/world/waiting.py - wait for a condition with a bound, instead of sleeping and hoping."""
import time


def eventually(condition, what, timeout=10.0, pause=0.05):
    """The first true value of condition(); fails naming `what` when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(pause)
