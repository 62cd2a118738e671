"""tests/e2e/hard_days/bad_network_test.py - a path to the endpoints that loses, doubles and reorders, seen by a client that asks each question once.

The relay of tests/support/world/impair.py stands between the dataplane and both endpoints; its chance is seeded.
"""
import pytest

from bad_day import Office, assert_settled, config, record, sends, states
from load import Load
from penstock import Penstock
from world import ENDPOINTS

RATE = 2000


@pytest.fixture(scope="module", name="office")
def _office():
    with Office("e2e-network") as office:
        yield office


def lossy(office, share):
    return office.impair(*ENDPOINTS, query={"loss": share}, answer={"loss": share})


# A send fails with 1 - (1 - loss)^2, a query when three do: 8 in a million and 0.9 in a thousand. Bounds: what chance gives once in
# thousands of runs, and a retry that the budget refused now and then.
@pytest.mark.parametrize("loss, seconds, servfail", [(0.01, 5, 2), (0.05, 5, 30)], ids=["1%", "5%"])
def test_loss_each_way_is_repaired_by_three_sends(office, loss, seconds, servfail):
    with Penstock(office, config()) as penstock:
        before = states(penstock)
        with lossy(office, loss), Load(office, RATE, seconds) as load:
            seen = record(f"{loss:.0%} loss each way", load.result())
        assert seen.lost == 0
        assert seen.servfail <= servfail
        assert states(penstock) == before, "lost packets took an endpoint out"
        assert_settled(penstock)


def test_thirty_percent_loss_costs_answers_but_starts_no_storm(office):
    """Half of all sends fail. Retries stop at a fifth of the queries, and who is not served is told so."""
    outside = office.asked_outside()
    with Penstock(office, config()) as penstock:
        with lossy(office, 0.3), Load(office, RATE, 6) as load:
            seen = record("30% loss each way", load.result())
        assert seen.lost == 0
        assert 0 < seen.servfail < 0.55 * seen.asked
        # A fifth, ten a second, and what a start may spend early.
        assert sends(penstock) <= 1.2 * seen.asked + 100 + 1000, "more retries than the budget has"
        assert office.asked_outside() == outside, "a Studio name went to public DNS"
        assert_settled(penstock)


def test_duplicates_and_reordering_change_nothing(office):
    spoiled = {"duplicate": 0.3, "delay": 0.001, "jitter": 0.01}
    with Penstock(office, config()) as penstock:
        before = states(penstock)
        with office.impair(*ENDPOINTS, query=spoiled, answer=spoiled) as relay, Load(office, 1000, 5) as load:
            seen = record("30% duplicates, 1-11 ms jitter each way", load.result())
            assert relay.counts()["queries"] > 0.9 * seen.asked
        assert (seen.lost, seen.servfail) == (0, 0)
        assert seen.extra == 0, "a duplicate reached a client"
        assert states(penstock) == before
        assert_settled(penstock)
