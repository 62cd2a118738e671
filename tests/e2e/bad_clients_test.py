"""tests/e2e/bad_clients_test.py - clients that ask too much, or what nobody answers, and what the others notice of it."""
import pytest

from bad_day import Office, assert_settled, config, quick_health, record, states
from load import Load
from penstock import Penstock
from world import ENDPOINTS

ATTACKER, OTHERS = "172.16.1.0/28", "172.17.0.0/16"


@pytest.fixture(scope="module", name="office")
def _office():
    with Office("e2e-clients") as office:
        # Clients of other networks behind the same wire: replies go back to the MAC that asked.
        for prefix in (ATTACKER, OTHERS):
            office.run("client", "ip", "route", "add", "local", prefix, "dev", "lo")
        yield office


def test_names_that_nobody_answers_take_no_endpoint_out(office):
    """2,000/s never answered and 2,000/s answered SERVFAIL: the endpoints' probes say that they are well, and that counts."""
    with Penstock(office, config(quick_health())) as penstock:
        before = states(penstock)
        script = {"silent": "drop", "broken": "servfail"}
        with office.impair(*ENDPOINTS, script=script), Load(office, 100, 12, addresses=OTHERS) as other, \
                Load(office, 2000, 10, label="silent", addresses=ATTACKER, sockets=14) as silent, \
                Load(office, 2000, 10, label="broken", addresses=ATTACKER, sockets=14) as broken:
            record("2,000/s never answered: the attacker", silent.result())
            record("2,000/s answered SERVFAIL: the attacker", broken.result())
            seen = record("2,000/s never answered and 2,000/s SERVFAIL: another client", other.result())
        assert (seen.lost, seen.servfail) == (0, 0)
        assert states(penstock) == before, "a client's questions changed an endpoint's state"
        assert_settled(penstock)
