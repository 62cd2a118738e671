"""tests/e2e/operation/stop_test.py - a dataplane that is told to stop owes nobody an answer, and one that hangs is noticed."""
import concurrent.futures
import os
import signal
import socket

import dns.message
import pytest

from client import addresses, ask, rcode
from impair import Impairment
from penstock import Penstock, config
from waiting import eventually
from world import ENDPOINTS, HOST, RESOLVER, STUDIO, STUDIO_PRIVATE, VPC, World

PATIENT = {"interval": "3s", "timeout": "2s"}
POOLS = {
    VPC: {"kind": "route53-inbound", "endpoints": ENDPOINTS, "health": PATIENT},
    "corporate": {"kind": "recursive", "endpoints": [RESOLVER], "health": PATIENT},
}


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-stop") as world:
        yield world


def is_refused(world):
    """The kernel has the port and says that nobody listens."""
    with world.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        sock.connect((HOST, 53))
        sock.send(dns.message.make_query("www.example.com", "A").to_wire())
        try:
            return not sock.recv(65535)
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False


def in_flight(penstock):
    return penstock.metrics().sum("penstock_pending_queries")


def ready(world):
    done = world.run("host", "curl", "-s", "--max-time", "3", "-w", "%{http_code}", "http://127.0.0.1:9153/readyz", check=False)
    return done.stdout[-3:], done.stdout[:-3]


@pytest.fixture(name="slow_endpoints")
def _slow_endpoints(world):
    with Impairment(world, VPC, *ENDPOINTS, device="eni", answer={"delay": 1.2}):
        yield


@pytest.mark.parametrize("device,over_tcp", [("af_xdp:corp", False), ("af_xdp:corp", True), ("af_packet:corp", False)])
@pytest.mark.usefixtures("slow_endpoints")
def test_what_is_in_flight_is_answered_and_new_queries_are_refused(world, device, over_tcp):
    # An endpoint's TCP is not slow: over TCP the query goes to both by UDP first.
    model = config(pools=POOLS, ports=[{"name": "corp", "device": device}])
    with Penstock(world, model) as penstock, concurrent.futures.ThreadPoolExecutor() as clients:
        asked = clients.submit(ask, world, STUDIO, timeout=4, tcp=over_tcp)
        if not over_tcp:
            eventually(lambda: in_flight(penstock) >= 1, "the query is in flight")
        penstock.dataplane.child.send_signal(signal.SIGTERM)
        eventually(lambda: is_refused(world), "new queries are refused")
        if not over_tcp:
            assert penstock.dataplane.running()
            status, text = ready(world)
            assert status == "503" and text.startswith("not ready: the dataplane is stopping\n")
        assert addresses(asked.result()) == STUDIO_PRIVATE, penstock.logs()
        assert penstock.dataplane.end() == 0
        assert "all queries in flight are answered" in penstock.dataplane.tail()


def test_without_a_response_the_client_hears_servfail_before_the_end(world):
    with Penstock(world, config(pools=POOLS)) as penstock, concurrent.futures.ThreadPoolExecutor() as clients, \
            Impairment(world, VPC, *ENDPOINTS, device="eni", query={"loss": 1.0}):
        asked = clients.submit(ask, world, STUDIO, timeout=4)
        eventually(lambda: in_flight(penstock) >= 1, "the query is in flight")
        penstock.dataplane.child.send_signal(signal.SIGTERM)
        assert rcode(asked.result()) == "SERVFAIL"
        assert penstock.dataplane.end() == 0


def test_a_second_signal_ends_it_at_once(world):
    with Penstock(world, config(pools=POOLS)) as penstock, concurrent.futures.ThreadPoolExecutor() as clients, \
            Impairment(world, VPC, *ENDPOINTS, device="eni", query={"loss": 1.0}):
        asked = clients.submit(ask, world, STUDIO, timeout=1)
        eventually(lambda: in_flight(penstock) >= 1, "the query is in flight")
        penstock.dataplane.child.send_signal(signal.SIGTERM)
        eventually(lambda: is_refused(world), "new queries are refused")
        assert penstock.dataplane.end() == 0
        assert "queries in flight have no response yet" in penstock.dataplane.tail()
        with pytest.raises(Exception):
            asked.result()


def test_a_dataplane_that_hangs_is_not_ready(world):
    with Penstock(world, config()) as penstock:
        assert ready(world)[0] == "200"
        os.kill(penstock.dataplane.child.pid, signal.SIGSTOP)
        try:
            eventually(lambda: ready(world)[0] == "503", "not ready")
            assert ready(world)[1].startswith("not ready: lcore 0 of the dataplane hangs\n")
            assert penstock.ctl_run("health").returncode == 1
        finally:
            os.kill(penstock.dataplane.child.pid, signal.SIGCONT)
        eventually(lambda: ready(world)[0] == "200", "ready again")
        assert penstock.control.running()
