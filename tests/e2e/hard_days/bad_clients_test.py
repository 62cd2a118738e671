"""tests/e2e/hard_days/bad_clients_test.py - clients that ask too much, or what nobody answers, or in a circle, and what the others notice of it."""
import pytest

from bad_day import RESOLVERS, Office, assert_settled, config, ede, quick_health, record, sends, states
from bind import bind_that_forwards_back
from client import ask, rcode
from load import CORPORATE_NAMES, Load
from penstock import Penstock
from waiting import eventually
from world import ENDPOINTS

NETWORK_ERROR = 23  # RFC 8914: what a query over budget is answered with
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
        with Load(office, 100, 4, addresses=OTHERS) as other:
            usual = record("a client on a good day", other.result())
        before = states(penstock)
        script = {"silent": "drop", "broken": "servfail"}
        with office.impair(*ENDPOINTS, script=script), Load(office, 100, 32, addresses=OTHERS) as other, \
                Load(office, 2000, 30, label="silent", addresses=ATTACKER, sockets=14) as silent, \
                Load(office, 2000, 30, label="broken", addresses=ATTACKER, sockets=14) as broken:
            record("2,000/s never answered: the attacker", silent.result())
            record("2,000/s answered SERVFAIL: the attacker", broken.result())
            seen = record("2,000/s never answered and 2,000/s SERVFAIL: another client", other.result())
        assert (seen.lost, seen.servfail) == (0, 0)
        # By windows as long as the good day's, and the middle one: a moment of the machine's own is not the attacker's.
        windows = sorted(seen.after(at).before(at + 4).percentile(0.99) for at in (other.started + 4 * n for n in range(8)))
        print("p99 of 4 s each, ms:", [round(1000 * one, 1) for one in windows])
        assert windows[len(windows) // 2] < 1.2 * usual.percentile(0.99) + 0.01, "another client waits for the attacker's names"
        assert states(penstock) == before, "a client's questions changed an endpoint's state"
        assert_settled(penstock)


def test_one_client_asks_20000_a_second_while_500_others_ask_10_each(office):
    """25,000/s where the endpoints may be asked 10,000, under names that no memory holds. The others' share is theirs."""
    endpoints = [{"address": address, "budget": 5000} for address in ENDPOINTS]
    with Penstock(office, config({"endpoints": endpoints})) as penstock:
        with Load(office, 5000, 5, addresses=OTHERS, sockets=500) as others, \
                Load(office, 20000, 4, label="random", addresses=ATTACKER, sockets=1, listen=False):
            seen = record("20,000/s random labels from one client: 500 others at 10/s", others.result())
        assert (seen.lost, seen.servfail) == (0, 0)
        over_share = penstock.metrics().sum("penstock_queries_total", outcome="servfail_over_share")
        assert over_share > 10_000, "the flood asked for no more than there was"
        assert_settled(penstock)


def test_everybody_asks_the_same(office):
    """A name that all ask at once goes to an endpoint a few times, however long its answer takes; every client gets its own answer."""
    slow = {"delay": 0.2}
    with Penstock(office, config()) as penstock:
        with office.impair(*ENDPOINTS, answer=slow), Load(office, 2000, 3, name="everybody.studio.us-east-1.sagemaker.aws", sockets=500) as load:
            seen = record("2,000/s the same question, answered after 200 ms", load.result())
        assert (seen.lost, seen.servfail, seen.forged) == (0, 0, 0)
        # A question every 200 ms, sent again while the endpoints' slowness is not known yet.
        assert sends(penstock) < 100
        assert_settled(penstock)


@pytest.mark.parametrize("clients", [100, 1])
def test_a_budget_of_100_a_second_under_1000(office, clients):
    """What is over the budget is told so at once. What nobody else wants a client has that is alone."""
    one = [{"address": ENDPOINTS[0], "budget": 100}]
    with Penstock(office, config({"endpoints": one})) as penstock:
        with Load(office, 1000, 5, addresses=OTHERS, sockets=clients) as load:
            seen = record(f"a budget of 100/s under 1,000/s, {clients} clients", load.result())
        assert seen.lost == 0
        assert seen.answered + seen.servfail == seen.asked
        assert 5 * 95 < seen.answered < 5 * 105
        assert sends(penstock) == seen.answered, "sent to the endpoint what its budget does not cover"
        assert seen.samples and all(ede(answer) == [NETWORK_ERROR] for answer in seen.samples)
        queries = penstock.metrics()
        assert sum(queries.sum("penstock_queries_total", outcome=f"servfail_over_{what}") for what in ("budget", "share")) == seen.servfail
        assert_settled(penstock)


def asked_by(penstock):
    """Queries that came to Penstock, from clients and resolvers alike."""
    return penstock.metrics().sum("penstock_queries_total")


def test_a_resolver_that_forwards_back_gets_none_of_its_own_questions(office, tmp_path):
    """Both resolvers are healthy, and one of them is BIND, which asks Penstock: what comes from it goes to the other one."""
    with bind_that_forwards_back(office, tmp_path), Penstock(office, config(resolvers=quick_health())) as penstock:
        with Load(office, 100, 4, CORPORATE_NAMES, server=RESOLVERS[1]) as load:
            seen = record("asked of a BIND that forwards to Penstock", load.result())
        assert (seen.lost, seen.servfail) == (0, 0)
        with Load(office, 100, 4, CORPORATE_NAMES) as load:
            before = asked_by(penstock)
            seen = record("asked of Penstock, half of whose resolvers forward back", load.result())
        assert (seen.lost, seen.servfail) == (0, 0)
        print(f"{asked_by(penstock) - before:.0f} queries came to Penstock")
        assert asked_by(penstock) - before <= 2 * seen.asked + 20, "more than one round a query"
        assert_settled(penstock)


def test_a_resolver_that_forwards_back_and_is_the_only_one(office, tmp_path):
    """Then nobody can answer. It ends after one round, and says so."""
    only = quick_health(endpoints=[RESOLVERS[1]])
    with bind_that_forwards_back(office, tmp_path), Penstock(office, config(resolvers=only), start=False) as penstock:
        penstock.start_dataplane()
        penstock.start_control()
        eventually(lambda: penstock.try_metrics() and is_forwarding(office), "rules are published")
        before = asked_by(penstock)
        with Load(office, 50, 4, CORPORATE_NAMES) as load:
            seen = record("asked of Penstock, whose only resolver forwards back", load.result())
        assert seen.lost == 0
        assert seen.answered == 0
        print(f"{asked_by(penstock) - before:.0f} queries came to Penstock")
        assert asked_by(penstock) - before <= 2 * seen.asked + 20, "more than one round a query"
        assert penstock.metrics().sum("penstock_queries_total", outcome="refused_loop") > 0
        assert_settled(penstock)


def is_forwarding(office):
    try:
        return rcode(ask(office, "x.studio.us-east-1.sagemaker.aws", timeout=1)) == "NOERROR"
    except Exception:  # pylint: disable=broad-except
        return False
