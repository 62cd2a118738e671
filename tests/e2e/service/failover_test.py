"""tests/e2e/service/failover_test.py - endpoints and gateways that go away: who is asked then, and who never is."""
import threading
import time

import pytest

from client import addresses, ask, rcode
from penstock import Penstock, config
from waiting import eventually
from world import HOST, STUDIO, STUDIO_PRIVATE, VPC, World

# fall x interval + timeout of tests/support/world/penstock.py's configuration, and what a busy machine adds.
DETECTED_WITHIN = 2 * 0.6 + 0.2
SLACK = 1.0


@pytest.fixture(name="office")
def _office():
    with World("e2e-failover") as world, Penstock(world, config()) as penstock:
        yield world, penstock


class Blackhole:
    """Takes what the endpoint is sent and counts what came from the dataplane: its ports are below the kernel's own range."""

    def __init__(self, world, address):
        self.world = world
        world.run(VPC, "nft", f"add table ip hole; add counter ip hole forwarded;"
                  f"add chain ip hole in {{ type filter hook input priority 0; }};"
                  f"add rule ip hole in ip daddr {address} udp sport 1024-32767 udp dport 53 counter name forwarded drop;"
                  f"add rule ip hole in ip daddr {address} drop")

    def forwarded(self):
        text = self.world.run(VPC, "nft", "list", "counter", "ip", "hole", "forwarded").stdout
        return int(text.split("packets ")[1].split()[0])

    def fill(self):
        self.world.run(VPC, "nft", "delete", "table", "ip", "hole")


class Load:
    """A client that asks for the Studio name again and again and keeps every result."""

    def __init__(self, world):
        self.world, self.stop, self.results = world, threading.Event(), []
        self.threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def _ask(self):
        while not self.stop.is_set():
            try:
                self.results.append(rcode(ask(self.world, STUDIO, timeout=3)))
            except Exception as failure:  # pylint: disable=broad-except
                self.results.append(repr(failure))
            time.sleep(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_a_dead_endpoint_gets_no_new_query_and_comes_back(office):
    world, penstock = office
    with Load(world) as load:
        eventually(lambda: len(load.results) > 20, "the load runs")
        hole = Blackhole(world, "10.16.1.10")
        time.sleep(DETECTED_WITHIN + SLACK)
        assert penstock.metrics().sum("penstock_endpoint_state", state="up", pool=VPC) == 1
        settled, done = hole.forwarded(), len(load.results)
        time.sleep(1)
        assert hole.forwarded() == settled, "new queries to an endpoint that is down"
        assert len(load.results) > done + 20
        assert set(load.results[done + 8:]) == {"NOERROR"}
        hole.fill()
        eventually(lambda: penstock.metrics().sum("penstock_endpoint_state", state="up", pool=VPC) == 2, "both up again")
        asked = world.asked(f"{VPC}-1")
        eventually(lambda: world.asked(f"{VPC}-1") > asked, "queries to the endpoint that came back")


def test_all_endpoints_dead_means_servfail_and_never_public_dns(office):
    world, penstock = office
    public = world.asked("public")
    for server in (f"{VPC}-1", f"{VPC}-2"):
        world.stop(server)
    for _ in range(3):
        assert rcode(ask(world, STUDIO, timeout=5)) == "SERVFAIL"
    eventually(lambda: penstock.metrics().sum("penstock_endpoint_state", state="up", pool=VPC) == 0, "both down")
    assert rcode(ask(world, STUDIO, timeout=5)) == "SERVFAIL"
    assert world.asked("public") == public, "a Studio name went to public DNS"
    assert addresses(ask(world, "www.example.com")) == {"93.184.215.14"}
    for server in (f"{VPC}-1", f"{VPC}-2"):
        world.start(server)
    eventually(lambda: addresses(ask(world, STUDIO, timeout=5)) == STUDIO_PRIVATE, "answers again")


def test_a_new_mac_of_the_gateway_is_followed(office):
    world, _ = office
    assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE
    world.run("router", "ip", "link", "set", "dev", "office", "address", "02:00:5e:10:00:01")
    # As VRRP does: the new holder of the address makes itself known.
    world.run("router", "ping", "-n", "-c", 1, "-W", 3, HOST)
    def answered():
        try:
            return addresses(ask(world, STUDIO, timeout=0.5)) == STUDIO_PRIVATE
        except Exception:  # pylint: disable=broad-except
            return False

    eventually(answered, "answers through the new gateway", timeout=5)
