"""tests/e2e/hard_days/bad_processes_test.py - our own two processes paused and killed under load, seen by a client that asks each question once."""
import signal
import time

import pytest

from bad_day import Office, assert_settled, config, quick_health, record, sends, state_of, states, stopped, wait_until_all_up
from impair import FORGED_OCTETS
from load import Load
from penstock import Penstock
from world import ENDPOINTS, HOST

RATE = 1000
ONE, OTHER = ENDPOINTS


@pytest.fixture(scope="module", name="office")
def _office():
    with Office("e2e-processes") as office:
        yield office


def test_control_pauses_while_a_million_answers_are_forged(office):
    """Probes that were in the air wait for control as their answers do: no endpoint is blamed for our own pause, of 2 s nor of 20 s.
    All the while somebody who knows everything but one thing is ahead of each true answer with 40 that are wrong in it: source, source
    port, our port, id or question."""
    with Penstock(office, config()) as penstock:
        before = states(penstock)
        with office.impair(*ENDPOINTS, script={"q": "forge:40"}) as forger, Load(office, RATE, 26, forged=FORGED_OCTETS) as load:
            for begin, end in ((0.5, 2.5), (4, 24)):
                load.wait_until(begin)
                with stopped(penstock.control.child.pid):
                    load.wait_until(end)
                load.wait_until(end + 1.5)
                assert states(penstock) == before, "our own pause changed an endpoint's state"
            seen = record("control paused for 2 s and 20 s, 40 forged answers ahead of each true one", load.result())
            forged = forger.counts()["forged"]
        assert seen.forged == 0, "a forged answer was accepted"
        assert (seen.lost, seen.servfail) == (0, 0)
        assert states(penstock) == before
        metrics = penstock.metrics()
        rejected = {outcome: metrics.sum("penstock_responses_total", outcome=outcome)
                    for outcome in ("wrong_endpoint", "wrong_port", "unknown_id", "wrong_question")}
        print(f"{forged} forged; judged and rejected: {rejected}")
        assert forged >= 1_000_000
        assert min(rejected.values()) > 0
        # The others the filter left to the kernel: a wrong source or destination port, or no endpoint's address.
        assert sum(rejected.values()) > 0.3 * forged, "most of them never reached the dataplane"
        assert_settled(penstock)


def test_the_dataplane_pauses(office):
    """What came meanwhile is lost where its ring was full. Behind it all is as before, and nothing is asked in a burst of retries."""
    with Penstock(office, config()) as penstock:
        before = states(penstock)
        with Load(office, RATE, 28) as load:
            paused = []
            for begin, end in ((1, 3), (5.5, 25.5)):
                began = load.wait_until(begin)
                with stopped(penstock.dataplane.child.pid):
                    load.wait_until(end)
                paused.append((began, time.monotonic()))
                load.wait_until(end + 2)
                assert states(penstock) == before, "our own pause changed an endpoint's state"
            seen = load.result()
        record("the dataplane paused for 2 s and for 20 s: all", seen)
        assert seen.servfail == 0, "what had waited was more than the endpoints' budgets let through"
        (short, short_end), (long, long_end) = paused
        for name, awake in (("before", seen.before(short - 0.1)), ("after 2 s", seen.after(short_end + 0.2).before(long - 0.1)),
                            ("after 20 s", seen.after(long_end + 0.2))):
            awake = record(f"the dataplane paused, asked {name}", awake)
            assert (awake.lost, awake.servfail) == (0, 0)
        assert sends(penstock) < 1.1 * seen.asked, "a burst of retries"
        assert states(penstock) == before, "our own pause changed an endpoint's state"
        assert_settled(penstock)


def test_control_killed_while_one_endpoint_dies_one_returns_and_the_gateway_changes(office):
    """After five silent seconds the dataplane judges for itself: the one that control last called down serves alone. A gateway's new
    MAC it learns from the kernel."""
    with Penstock(office, config(quick_health())) as penstock:
        with Load(office, RATE, 64) as load:
            load.wait_until(0.5)
            office.cut(ONE)
            try:
                load.wait_until(3.5)
                assert state_of(penstock, ONE) == "down"
                penstock.control.end(signal.SIGKILL)
                load.wait_until(9.5)
                office.mend(ONE)
                office.cut(OTHER)
                swapped = load.wait_until(12)
                office.run("router", "ip", "link", "set", "dev", "office", "address", "02:00:5e:10:00:02")
                # As VRRP does: the new holder of the address makes itself known.
                office.run("router", "ping", "-n", "-c", 1, "-W", 3, HOST)
                moved = time.monotonic()
                load.wait_until(61)
                assert not penstock.control.running()
                seen = load.result()
            finally:
                office.mend(OTHER)
        record("control killed, an endpoint dies, one returns, gateway moves", seen)
        assert seen.lost == 0
        assert seen.before(swapped - 2.6).servfail == 0
        assert seen.after(swapped - 1.5).before(swapped - 0.1).servfail == 0
        assert seen.after(moved + 1).servfail == 0
        penstock.start_control()
        wait_until_all_up(penstock)
        assert_settled(penstock)
