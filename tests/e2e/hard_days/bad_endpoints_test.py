"""tests/e2e/hard_days/bad_endpoints_test.py - servers that die, return, stall or talk nonsense, seen by a client that asks each question once.

Latencies are printed at the end of the run. They are asserted with room for a busy machine: what tells a stall from a retry.
"""
import threading
import time

import pytest

from bad_day import RESOLVERS, Office, assert_settled, config, quick_health, record, state_of, wait_until_all_up
from load import CORPORATE_NAMES, Load
from penstock import Penstock
from waiting import eventually
from world import ENDPOINTS

RATE = 2000
ONE, OTHER = ENDPOINTS
# Patience of the dataplane, after which a client gets SERVFAIL: what is slower than half of it has waited for no retry in time.
STALLED = 0.9


@pytest.fixture(scope="module", name="office")
def _office():
    with Office("e2e-endpoints") as office:
        yield office


@pytest.mark.parametrize("policy", ["least-outstanding", "round-robin"])
def test_one_of_two_inbound_endpoints_black_holed(office, policy):
    """Whatever its share was: an endpoint that owes much and answers nothing is left aside before any probe has failed."""
    outside = office.asked_outside()
    with Penstock(office, config({"policy": policy})) as penstock, Load(office, RATE, 6) as load:
        load.wait_until(1)
        with office.black_hole(ONE):
            seen = record(f"one inbound endpoint black-holed, {policy}", load.result())
            assert (seen.lost, seen.servfail) == (0, 0)
            assert seen.answered == seen.asked
            assert seen.slowest < STALLED
            # A few tens until it is known, then ten a second until the probes have failed.
            timeouts = penstock.metrics().sum("penstock_endpoint_timeouts_total", address=ONE)
            print(f"{timeouts:.0f} queries were overdue at the dead endpoint")
            assert timeouts < 250
            eventually(lambda: state_of(penstock, ONE) == "down", "the dead endpoint is down")
        assert state_of(penstock, OTHER) == "up"
        assert office.asked_outside() == outside, "a Studio name went to public DNS"
        assert_settled(penstock)


@pytest.mark.parametrize("policy", ["least-outstanding", "ordered"])
def test_one_of_two_corporate_resolvers_black_holed(office, policy):
    """The one that has all of the load, where it is ordered so."""
    with Penstock(office, config(resolvers={"policy": policy})) as penstock, Load(office, RATE, 5, CORPORATE_NAMES) as load:
        load.wait_until(1)
        with office.black_hole(RESOLVERS[0]):
            seen = record(f"one corporate resolver black-holed, {policy}", load.result())
        assert (seen.lost, seen.servfail) == (0, 0)
        assert seen.answered == seen.asked
        assert seen.slowest < 2 * STALLED
        assert_settled(penstock)


def test_both_inbound_endpoints_gone_and_back(office):
    """While both are away every query has its answer, SERVFAIL, and none of them goes elsewhere. Once they are back nobody waits for a
    probe to find out: of endpoints that are all down, each is as good as another."""
    with Penstock(office, config()) as penstock, Load(office, 1000, 9) as load:
        outside = office.asked_outside()
        load.wait_until(1)
        with office.black_hole(*ENDPOINTS):
            gone = load.wait_until(1.5)
            last = load.wait_until(5)
        back = time.monotonic()
        seen = record("both inbound endpoints gone and back", load.result())
        assert seen.lost == 0
        away = seen.after(gone).before(last - 2)
        assert away.asked > 0 and away.servfail == away.asked
        again = seen.after(back + 0.1)
        assert again.asked > 1000 and again.answered == again.asked
        assert office.asked_outside() == outside, "a Studio name went to public DNS"
        wait_until_all_up(penstock, timeout=20)
        assert_settled(penstock)


def test_an_endpoint_pauses_for_two_seconds(office):
    with Penstock(office, config()) as penstock, Load(office, RATE, 6) as load:
        load.wait_until(1)
        with office.paused(ONE):
            load.wait_until(3)
        seen = record("an endpoint paused for 2 s", load.result())
        assert (seen.lost, seen.servfail) == (0, 0)
        assert seen.extra == 0, "a late answer went to a client that had one"
        assert seen.slowest < STALLED
        wait_until_all_up(penstock)
        assert_settled(penstock)


def test_an_endpoint_flaps_every_half_second(office):
    def flap(end):
        while not end.is_set():
            with office.black_hole(ONE):
                end.wait(0.5)
            end.wait(0.5)

    with Penstock(office, config()) as penstock, Load(office, RATE, 6) as load:
        load.wait_until(0.5)
        end = threading.Event()
        flapping = threading.Thread(target=flap, args=[end])
        flapping.start()
        seen = record("an endpoint flapping every 500 ms", load.result())
        end.set()
        flapping.join()
        assert (seen.lost, seen.servfail) == (0, 0)
        assert seen.slowest < STALLED
        assert_settled(penstock)


@pytest.mark.parametrize("nonsense, outcomes", [
    ("garbage", ["malformed", "unknown_id", "wrong_question"]),
    ("wrong-id", ["unknown_id"]),
    ("wrong-question", ["wrong_question"]),
])
def test_an_endpoint_answers_nonsense(office, nonsense, outcomes):
    """No client gets any of it, and the probes take the endpoint out."""
    with Penstock(office, config(quick_health())) as penstock:
        with office.impair(ONE, script={"": nonsense}), Load(office, RATE, 4) as load:
            seen = record(f"an endpoint answers {nonsense}", load.result())
            eventually(lambda: state_of(penstock, ONE) == "down", "an endpoint that answers nonsense is down")
        assert (seen.lost, seen.servfail, seen.forged) == (0, 0, 0)
        assert seen.answered == seen.asked
        rejected = penstock.metrics()
        assert sum(rejected.sum("penstock_responses_total", outcome=outcome) for outcome in outcomes) > 0
        assert state_of(penstock, OTHER) == "up"
        assert_settled(penstock)


def test_an_endpoint_that_only_says_servfail(office):
    """With retry_on the other endpoint is asked, until the probes, SERVFAIL as well, have taken the first one out. A start is no
    hindrance: the budget of retries need not be earned before."""
    with Penstock(office, config({"retry_on": ["servfail"]})) as penstock:
        with office.impair(ONE, script={"": "servfail"}), Load(office, 1000, 5) as load:
            seen = record("an endpoint answers SERVFAIL only, retry_on: [servfail]", load.result())
            assert state_of(penstock, ONE) == "down"
        assert (seen.lost, seen.servfail) == (0, 0)
        assert penstock.metrics().sum("penstock_responses_total", outcome="tried_next") > 0
        assert_settled(penstock)
