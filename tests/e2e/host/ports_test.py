"""tests/e2e/host/ports_test.py - the same forwarding over other ports: two arms, several lcores and queues, IPv6, af_packet."""
import contextlib

import dns.message
import pytest

from client import addresses, ask, ask_bytes
from penstock import Penstock, config
from waiting import eventually
from world import ENDPOINTS6, HOST, HOST6, RESOLVER6, STUDIO, STUDIO_PRIVATE, VPC, World

ONE_ARM = [{"name": "corp", "device": "af_xdp:corp"}]
TWO_ARMS = [*ONE_ARM, {"name": "dx", "device": "af_xdp:dx"}]
PACKET = [{"name": "corp", "device": "af_packet:corp"}]
PACKET2 = [*PACKET, {"name": "dx", "device": "af_packet:dx"}]
POOLS6 = {
    VPC: {"kind": "route53-inbound", "endpoints": ENDPOINTS6, "health": {"interval": "600ms", "timeout": "200ms"}},
    "corporate": {"kind": "recursive", "endpoints": [RESOLVER6]},
}

SHAPES = {  # options of the world, which those one after another share; changes of the configuration
    "two arms": (["--arms", 2], {"ports": TWO_ARMS}),
    "IPv6 endpoints, two arms": (["--arms", 2], {"ports": TWO_ARMS, "pools": POOLS6}),
    "af_packet, two arms": (["--arms", 2], {"ports": PACKET2}),
    "IPv6 endpoints": ([], {"ports": ONE_ARM, "pools": POOLS6}),
    "af_packet": ([], {"ports": PACKET}),
    "busy": ([], {"ports": ONE_ARM, "idle": "busy"}),
    "four lcores, two queues": (["--queues", 2], {"ports": ONE_ARM, "lcores": 4}),
    "four lcores, two arms, two queues": (["--queues", 2, "--arms", 2], {"ports": TWO_ARMS, "lcores": 4}),
}


@pytest.fixture(scope="module", name="world_with")
def _world_with():
    """world_with(options): the world that is up, where it has these options."""
    up, now = contextlib.ExitStack(), {}

    def world_with(options):
        if now.get("options") != options:
            up.close()
            now.clear()
            now.update(world=up.enter_context(World("e2e-ports", *options)), options=options)
        return now["world"]

    with up:
        yield world_with


@pytest.mark.parametrize("shape", SHAPES)
def test_forwards_and_accounts_for_every_frame(shape, world_with):
    options, changes = SHAPES[shape]
    world = world_with(options)
    with Penstock(world, config(**changes)) as penstock:
        for server in (HOST, HOST6):  # clients of both families
            vpc, public, before = penstock.asked_vpc(), world.asked("public"), penstock.metrics()
            # Every question from a socket, and so a port, of its own: all queues and lcores get some.
            for number in range(60):
                if number % 3:
                    assert addresses(ask(world, STUDIO, server=server)) == STUDIO_PRIVATE
                else:
                    assert addresses(ask(world, "www.example.com", server=server)) == {"93.184.215.14"}
            after = penstock.metrics()
            assert penstock.asked_vpc() - vpc == 40
            assert world.asked("public") - public == 20
            for name, outcome in (("penstock_queries_total", "forwarded"), ("penstock_responses_total", "returned")):
                assert after.sum(name, outcome=outcome) - before.sum(name, outcome=outcome) == 60
            eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")
            if changes.get("lcores"):
                handed_off = [page.sum("penstock_handoffs_total", outcome="handed_off") for page in (before, after)]
                assert handed_off[1] > handed_off[0], "no response ever came to another lcore"
                assert after.sum("penstock_handoffs_total", outcome="full") == 0


def test_an_af_packet_port_keeps_the_kernel_quiet_and_cleans_up():
    """Without its ingress drop the kernel answers our queries and responses with port unreachable."""
    with World("e2e-packet") as world:
        rules = world.run("host", "nft", "list", "ruleset").stdout
        with Penstock(world, config(ports=PACKET)) as penstock:
            assert world.run("host", "nft", "list", "ruleset").stdout != rules
            query = dns.message.make_query(STUDIO, "A")
            for _ in range(5):
                # A connected socket would be told of an unreachable port.
                assert dns.message.from_wire(ask_bytes(world, query.to_wire())).id == query.id
            snmp = world.run("host", "cat", "/proc/net/snmp").stdout.splitlines()
            names, values = (line.split() for line in snmp if line.startswith("Icmp:"))
            assert dict(zip(names, values))["OutDestUnreachs"] == "0"
            world.run("client", "ping", "-n", "-c", 1, "-W", 2, HOST)
            assert penstock.dataplane.end() == 0
        assert world.run("host", "nft", "list", "ruleset").stdout == rules
