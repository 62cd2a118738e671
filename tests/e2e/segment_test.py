"""tests/e2e/segment_test.py - whose frame is it: what a switch floods, and what changes on the port's interface while we run."""
import socket
import struct
import time

import dns.message
import pytest

from client import addresses, ask, ask_bytes
from penstock import Penstock, config
from waiting import eventually
from world import CLIENT, HOST, HOST6, STUDIO, STUDIO_PRIVATE, World

NEW = "192.168.10.99"


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-segment") as world:
        yield world


def frame(world, to, host=HOST):
    """The client's query in a frame to that MAC."""
    message = dns.message.make_query(STUDIO, "A").to_wire()
    udp = struct.pack("!HHHH", 40000, 53, 8 + len(message), 0) + message
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(CLIENT), socket.inet_aton(host))
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + header[12:]
    source = bytes.fromhex(world.mac("client", "eth0").replace(":", ""))
    return bytes.fromhex(to.replace(":", "")) + source + b"\x08\x00" + header + udp


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
        assert page.sum("penstock_slow_lane_total", kind="datagram_queries") == 0, "the kernel took it"
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
            assert penstock.metrics().sum("penstock_slow_lane_total", kind="datagram_queries") <= 1, "the lcores answer, not the kernel's socket"
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
            assert penstock.metrics().sum("penstock_listen_not_followed") == 0
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
