"""tests/e2e/host/segment_test.py - whose frame is it: what a switch floods, and what changes on the port's interface while we run."""
import socket
import struct
import time

import dns.exception
import dns.message
import pytest

from client import addresses, ask, ask_bytes
from penstock import Penstock, config, program
from waiting import eventually
from world import CLIENT, HOST, HOST6, STUDIO, STUDIO_PRIVATE, World

NEW = "192.168.10.99"


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-segment") as world:
        # Else the veth to the host has tags beside its frames, where XDP does not see them.
        world.run("switch", "ethtool", "-K", "to-host", "txvlan", "off")
        yield world


def frame(world, to, host=HOST, address=CLIENT, tag=None, source=None):
    """A query of that address in a frame of the client's to that MAC, from its own or another."""
    message = dns.message.make_query(STUDIO, "A").to_wire()
    udp = struct.pack("!HHHH", 40000, 53, 8 + len(message), 0) + message
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(address), socket.inet_aton(host))
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + header[12:]
    own = bytes.fromhex((source or world.mac("client", "eth0")).replace(":", ""))
    return bytes.fromhex(to.replace(":", "")) + own + (struct.pack("!HH", 0x8100, tag) if tag is not None else b"") + b"\x08\x00" + header + udp


def send(world, *frames):
    with world.socket("client", socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        for one in frames:
            sock.send(one)


def answered(penstock):
    page = penstock.metrics()
    return sum(page.sum("penstock_queries_total", outcome=outcome) for outcome in ("forwarded", "joined", "repeated"))


@pytest.mark.parametrize("device", ["af_xdp:corp", "af_packet:corp"])
def test_a_frame_to_another_hosts_mac_is_not_answered(world, device):
    """A switch floods it, and it is for another node of an anycast pair."""
    with Penstock(world, config(ports=[{"name": "corp", "device": device}])) as penstock:
        # The bridge floods what it knows no port of.
        before = answered(penstock)
        send(world, *[frame(world, "02:00:00:00:77:77")] * 20)
        send(world, *[frame(world, world.mac("host", "corp"))] * 20)
        eventually(lambda: answered(penstock) - before == 20, "the answers to what is for us")
        page = penstock.metrics()
        # The XDP filter leaves it to the kernel, packet sockets see it.
        assert page.sum("penstock_frames_total", **{"class": "other_mac"}) == (0 if "xdp" in device else 20)
        assert page.sum("penstock_reassembled_queries_total") == 0, "the kernel took it"
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")


@pytest.mark.parametrize("device", ["af_xdp:corp", "af_packet:corp"])
def test_addresses_and_the_mac_are_followed(world, device):
    mac = world.mac("host", "corp")

    def serves(address):
        for tcp in (False, True):
            assert addresses(ask(world, STUDIO, server=address, tcp=tcp, timeout=1)) == STUDIO_PRIVATE
        return True

    def refuses(address):
        return ask_bytes(world, dns.message.make_query(STUDIO, "A").to_wire(), server=address, timeout=0.3) is None

    def soon(condition, what):
        """A second, and what a busy machine adds."""
        eventually(condition, what, 3)

    def tries(address):
        try:
            return serves(address)
        except Exception:  # pylint: disable=broad-except
            return False

    def forget_neighbours():
        """As a gratuitous ARP has them do."""
        for where, interface in (("client", "eth0"), ("public", "eth0"), ("router", "office")):
            world.run(where, "ip", "neigh", "flush", "dev", interface)

    with Penstock(world, config(listen=None, ports=[{"name": "corp", "device": device}])) as penstock:
        try:
            serves(HOST)
            serves(HOST6)
            world.run("host", "ip", "addr", "add", f"{NEW}/24", "dev", "corp")
            soon(lambda: tries(NEW), "an answer from the address that was added")
            assert penstock.metrics().sum("penstock_listen_addresses") == 3
            before = answered(penstock)
            serves(NEW)
            assert answered(penstock) - before == 2
            assert penstock.metrics().sum("penstock_reassembled_queries_total") <= 1, "the lcores answer, not the kernel's socket"
            # A fragmented query goes through the kernel's stack to the slow lane.
            world.run("host", "ip", "addr", "del", f"{NEW}/24", "dev", "corp")
            soon(lambda: refuses(NEW), "nobody at the address that was taken away")
            # Replaced, as by another DHCP lease.
            world.run("host", "ip", "addr", "add", f"{NEW}/24", "dev", "corp")
            soon(lambda: tries(NEW), "an answer from the address that came back")
            world.run("host", "ip", "link", "set", "corp", "address", "02:00:00:00:86:86")
            forget_neighbours()
            soon(lambda: tries(NEW), "an answer under the new MAC")
            soon(lambda: tries(HOST6), "an answer under the new MAC over IPv6")
            before = answered(penstock)
            send(world, frame(world, mac))  # the old one is nobody's now
            send(world, frame(world, "02:00:00:00:86:86"))
            eventually(lambda: answered(penstock) > before, "the answer to the new MAC")
            time.sleep(0.1)
            assert answered(penstock) - before == 1
            status = penstock.ctl("status")
            assert not [line for line in status["rules"]["restart_needed"] if "interface" in line], status["rules"]["restart_needed"]
            assert penstock.metrics().sum("penstock_listen_addresses_not_followed") == 0
        finally:
            world.run("host", "ip", "addr", "del", f"{NEW}/24", "dev", "corp", check=False)
            world.run("host", "ip", "link", "set", "corp", "address", mac)
            forget_neighbours()


def test_a_vrrp_routers_mac_is_ours_while_its_address_is(world):
    """keepalived's use_vmac: a macvlan that has the address while this host is the master."""
    virtual, router = "192.168.10.53", "00:00:5e:00:01:07"
    world.run("host", "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1")
    with Penstock(world, config(listen=[HOST, virtual])) as penstock:
        try:
            world.run("host", "ip", "link", "add", "vrrp.7", "link", "corp", "address", router, "up", "type", "macvlan", "mode", "private")
            send(world, frame(world, router, virtual))
            before = answered(penstock)
            world.run("host", "ip", "addr", "add", f"{virtual}/32", "dev", "vrrp.7")
            eventually(lambda: (send(world, frame(world, router, virtual)), answered(penstock) > before)[1], "an answer as the master", 5)
            world.run("host", "ip", "addr", "del", f"{virtual}/32", "dev", "vrrp.7")
            time.sleep(0.5)
            before = answered(penstock)
            send(world, *[frame(world, router, virtual)] * 5)
            time.sleep(0.2)
            assert answered(penstock) == before, "a backup answers"
        finally:
            world.run("host", "ip", "link", "del", "vrrp.7", check=False)
            world.run("host", "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0")


def counted(page, name):
    return page.sum("penstock_frames_total", **{"class": name})


def seen(penstock, frames, before):
    """After so many frames of the test: what was counted since, by class."""
    names = ("query", "other_vlan", "other_path")
    eventually(lambda: sum(counted(penstock.metrics(), name) - counted(before, name) for name in names) >= frames, "every frame counted")
    page = penstock.metrics()
    return tuple(counted(page, name) - counted(before, name) for name in names)


DENIED = {"allow": ["192.168.10.0/24", "10.0.0.0/8", "198.51.100.0/24", "fd00:10::/64"], "deny": [f"{CLIENT}/32"]}


@pytest.mark.parametrize("device", ["af_xdp:corp", "af_packet:corp"])
def test_a_denied_laptop_invents_a_vlan(world, device):
    """A switch that does not look into tags hands it over, and the answer would carry the tag as well."""
    mac = world.mac("host", "corp")
    tags = (None, 0, 0xa000, 66, 0xa042)
    with Penstock(world, config(ports=[{"name": "corp", "device": device}], clients=DENIED)) as penstock:
        before = penstock.metrics()
        send(world, *[frame(world, mac, address="10.20.0.5", tag=tag) for tag in tags])
        assert seen(penstock, 5, before) == (3, 2, 0), "priorities alone are no VLAN"
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")
    with Penstock(world, config(ports=[{"name": "corp", "device": device, "vlans": [66]}])) as penstock:
        before = penstock.metrics()
        send(world, *[frame(world, mac, address="10.20.0.5", tag=tag) for tag in tags])
        assert seen(penstock, 5, before) == (2, 3, 0)
        # What the kernel takes is for the same VLANs.
        for server in (HOST, HOST6):
            with pytest.raises((dns.exception.Timeout, OSError, EOFError)):
                ask(world, STUDIO, tcp=True, timeout=0.5, server=server)


def test_a_denied_laptop_uses_the_address_of_another(world):
    """The answer would go to its own MAC."""
    mac, gateway = world.mac("host", "corp"), world.mac("router", "office")
    spoofed = [frame(world, mac, address=address) for address in ("10.20.0.5", "192.168.10.2", HOST)]
    try:
        for strict in (False, True):
            port = {"name": "corp", "device": "af_xdp:corp", **({"reverse_path": "strict"} if strict else {})}
            with Penstock(world, config(ports=[port], clients=DENIED)) as penstock:
                world.run("host", "ping", "-n", "-c", 1, "-W", 1, "192.168.10.2")
                if strict:
                    # Control knows the router as a next hop; a gateway of clients alone the dataplane has to ask for.
                    eventually(lambda: penstock.metrics().sum("penstock_gateways_unknown") == 0, "the gateway's MAC", 5)
                before = penstock.metrics()
                send(world, *spoofed, frame(world, mac))
                assert seen(penstock, 4, before) == ((1, 0, 3) if strict else (4, 0, 0))
                page = penstock.metrics()
                assert page.sum("penstock_queries_total", outcome="refused_client") == 1, "its own address"
                # Honest clients are answered: a neighbour, a newcomer, and who comes by the router; over TCP and IPv6 as well.
                for tcp in (False, True):
                    assert addresses(ask(world, STUDIO, timeout=2, where="public", tcp=tcp)) == STUDIO_PRIVATE
                    assert addresses(ask(world, STUDIO, timeout=2, server=HOST6, tcp=tcp)) == STUDIO_PRIVATE
                before = penstock.metrics()
                send(world, frame(world, mac, address="192.168.10.77"))
                assert seen(penstock, 1, before) == (1, 0, 0), "the kernel does not know it"
                described = world.run("host", program("penstockctl"), "check", penstock.file).stdout
                assert ("any host on the network of corp can use any address" in described) == (not strict)
                if not strict:
                    continue
                # The gateway fails over: routed sources follow its MAC within a second.
                before = penstock.metrics()
                send(world, frame(world, mac, address="10.20.0.5", source=gateway))
                assert seen(penstock, 1, before) == (1, 0, 0)
                world.run("router", "ip", "link", "set", "office", "address", "02:00:00:00:01:99")

                def tells_its_mac():
                    """As an ARP for us does; the kernel believes in no second one within a second."""
                    world.run("router", "ip", "neigh", "flush", "dev", "office")
                    return all(world.run("router", "ping", "-n", "-c", 1, "-W", 1, to, check=False).returncode == 0 for to in (HOST, HOST6))

                eventually(tells_its_mac, "the kernel follows", 5)
                time.sleep(1)
                before = penstock.metrics()
                send(world, frame(world, mac, address="10.20.0.5", source="02:00:00:00:01:99"), frame(world, mac, address="10.20.0.5", source=gateway))
                assert seen(penstock, 2, before) == (1, 0, 1)
                eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")
    finally:
        world.run("router", "ip", "link", "set", "office", "address", gateway)
