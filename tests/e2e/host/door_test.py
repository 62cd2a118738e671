"""tests/e2e/host/door_test.py - a port that DPDK owns wholly: the kernel lives behind the TAP door, control's probes go through it.

net_tap's own interface stands for the wire; a bridge joins it to the office segment. Addresses and routes are on the door.
"""
import pytest

from client import addresses, ask
from penstock import Penstock, config
from waiting import eventually
from world import CLIENT, HOST, RESOLVER, STUDIO, STUDIO_PRIVATE, World

DOOR = "ps-corp"


def behind_the_door(world, penstock):
    """The host's kernel gives up corp for the door: its address and routes move there."""
    penstock.start_dataplane()
    eventually(lambda: DOOR in world.run("host", "ip", "link").stdout, f"the door {DOOR}")
    for line in (
        "addr flush dev corp",
        "link add wall type bridge",
        "link set wall arp off",  # Linux answers for any of its addresses on any interface
        "link set corp master wall",
        # net_tap gives its interface the port's own MAC: the bridge would keep the port's frames for itself.
        "link set wire0 address 02:00:00:00:00:77",
        "link set wire0 master wall",
        "link set wire0 up",
        "link set wall up",
        f"addr add {HOST}/24 dev {DOOR}",
        f"link set {DOOR} up",
        "route add default via 192.168.10.1",
    ):
        world.run("host", "ip", *line.split())
    world.run("client", "ip", "neigh", "flush", "all")  # it may know the host by the MAC of corp
    penstock.start_control()
    penstock.wait_ready()


@pytest.mark.parametrize("lcores", [1, 2])
def test_queries_and_the_kernel_share_the_port(lcores):
    model = config(ports=[{"name": "corp", "device": "vdev:net_tap0,iface=wire0"}], listen=[HOST], lcores=lcores)
    with World("e2e-door") as world, Penstock(world, model, start=False) as penstock:
        behind_the_door(world, penstock)  # ready: probes over UDP and TCP went out and came back through the door
        vpc = penstock.asked_vpc()
        for _ in range(20):
            assert addresses(ask(world, STUDIO, server=HOST)) == STUDIO_PRIVATE
        assert penstock.asked_vpc() - vpc == 20
        assert world.run("client", "ping", "-c", "2", "-W", "2", HOST).returncode == 0
        assert world.run("host", "ping", "-c", "2", "-W", "2", CLIENT).returncode == 0
        # The kernel's own DNS over TCP, from an ephemeral port: not ours, although it comes from port 53.
        assert "NOERROR" in world.run("host", "dig", "+tcp", "+tries=1", "+time=3", f"@{RESOLVER}", "www.example.com").stdout
        assert penstock.metrics().sum("penstock_door_frames_total", outcome="to_kernel") > 0
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")
