"""tests/dataplane/net/ports_test.py - ports on veth and TAP interfaces in network namespaces; needs root.

Long because its cases share one pair of hosts, and setting that up twice would be longer.

Two hosts: `here` with the interface v0 that port_probe (port_probe.cpp) opens, `there` with its peer v1.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

PROBE = os.environ.get("PORT_PROBE", "")
HERE4, THERE4, OTHER4 = "10.77.0.1", "10.77.0.2", "10.77.0.3"
HERE6, THERE6 = "fd77::1", "fd77::2"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)

if os.geteuid() != 0 or not PROBE:
    if __name__ == "__main__":
        sys.exit(77)
    pytest.skip("needs root, and PORT_PROBE in the environment (ctest sets it)", allow_module_level=True)


def run(*command, check=True, timeout=30):
    return subprocess.run(command, check=check, timeout=timeout, capture_output=True, text=True)


def wait_until(condition, what, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {what}")


class Namespace:
    def __init__(self, name):
        self.name = f"net-{os.getpid()}-{name}"
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments):
        return run("ip", "-n", self.name, *arguments)

    def run(self, *command, **options):
        return run("ip", "netns", "exec", self.name, *command, **options)

    def delete(self):
        run("ip", "netns", "del", self.name, check=False)

    @contextlib.contextmanager
    def entered(self):
        """Sockets made inside belong to the namespace, also afterwards."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            assert LIBC.setns(inside, CLONE_NEWNET) == 0
            yield
        finally:
            assert LIBC.setns(before, CLONE_NEWNET) == 0
            os.close(before)
            os.close(inside)

    def socket(self, kind=socket.SOCK_DGRAM, address="", port=0, family=socket.AF_INET):
        with self.entered():
            made = socket.socket(family, kind)
        made.settimeout(2)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address or port:
            made.bind((address, port))
        return made

    def ping(self, address, count=3):
        run_ = self.run("ping", "-n", "-c", str(count), "-i", "0.1", "-W", "2", address, check=False)
        assert run_.returncode == 0, run_.stdout

    def dig(self, address, seconds=2):
        asked = self.run("dig", f"@{address}", "x.example", "+tries=1", f"+time={seconds}", check=False)
        return asked.stdout + asked.stderr


class World:
    def __init__(self, queues=1):
        self.here, self.there = Namespace("here"), Namespace("there")
        n = str(queues)
        run("ip", "link", "add", "v0", "netns", self.here.name, "numrxqueues", n, "numtxqueues", n, "type", "veth",
            "peer", "name", "v1", "netns", self.there.name, "numrxqueues", n, "numtxqueues", n)
        for namespace, device, v4, v6 in ((self.here, "v0", HERE4, HERE6), (self.there, "v1", THERE4, THERE6)):
            namespace.ip("address", "add", f"{v4}/24", "dev", device)
            namespace.ip("address", "add", f"{v6}/64", "dev", device, "nodad")
            namespace.ip("link", "set", device, "up")
        self.there.ip("address", "add", f"{OTHER4}/24", "dev", "v1")
        self.probes = []

    def probe(self, *arguments, namespace=None, ready=True):
        probe = Probe(namespace or self.here, arguments)
        self.probes.append(probe)
        if ready:
            probe.until("ready")
        return probe

    def close(self):
        for probe in self.probes:
            probe.kill()
        self.here.delete()
        self.there.delete()


class Probe:
    def __init__(self, namespace, arguments):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace.name, PROBE, *arguments], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = ""

    def line(self, seconds=20):
        readable, _, _ = select.select([self.process.stdout], [], [], seconds)
        assert readable, "port_probe says nothing; so far:\n" + self.output
        line = os.read(self.process.stdout.fileno(), 65536).decode()
        self.output += line
        return line

    def until(self, text):
        start = len(self.output)
        while f"{text}\n" not in self.output[start:] and not (text == "ready" and "\nready\n" in self.output):
            assert self.line(), "port_probe ended:\n" + self.output

    def say(self, text):
        start = len(self.output)
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        while not self.output[start:].endswith("\n"):
            assert self.line(), "port_probe ended:\n" + self.output
        return self.output[start:].strip()

    def stats(self):
        return json.loads(self.say("stats").splitlines()[-1])

    def rest(self):
        while self.line():
            pass
        self.process.wait(20)
        return self.output

    def quit(self):
        self.process.stdin.close()
        output = self.rest()
        assert self.process.returncode == 0, output
        return output

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)


@pytest.fixture(params=[1, 2], ids=["1 queue", "2 queues"])
def queues(request):
    return request.param


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


@pytest.fixture
def wide_world(queues):
    made = World(queues)
    yield made
    made.close()


def xdp_program(namespace, device="v0"):
    link = json.loads(namespace.run("ip", "-j", "-d", "link", "show", device).stdout)[0]
    return link.get("xdp", {}).get("prog", {}).get("name", "") if "xdp" in link else ""


def tcp_works(server, client, address, port=8053, size=300_000):
    listener = server.socket(socket.SOCK_STREAM, address, port)
    listener.listen()
    caller = client.socket(socket.SOCK_STREAM)
    caller.settimeout(5)
    caller.connect((address, port))
    served, _ = listener.accept()
    served.settimeout(5)
    got = bytearray()
    sent = 0
    payload = bytes(size)
    caller.setblocking(False)
    deadline = time.monotonic() + 10
    while len(got) < size and time.monotonic() < deadline:
        readable, writable, _ = select.select([served], [caller] if sent < size else [], [], 1)
        if writable:
            sent += caller.send(payload[sent:sent + 65536])
        if readable:
            got += served.recv(65536)
    for one in (listener, caller, served):
        one.close()
    return len(got) == size


def echo_many(sockets, address, total, window=128):
    """Queries from all sockets in turn, at most `window` unanswered; how many were answered."""
    query = struct.pack("!6H", 0x1234, 0x0100, 1, 0, 0, 0) + b"\1x\7example\0" + struct.pack("!2H", 1, 1)
    poll = select.epoll()
    for one in sockets:
        one.setblocking(False)
        poll.register(one.fileno(), select.EPOLLIN)
    by_fd = {one.fileno(): one for one in sockets}
    sent = answered = 0
    while answered < total:
        while sent < total and sent - answered < window:
            sockets[sent % len(sockets)].sendto(query, (address, 53))
            sent += 1
        ready = poll.poll(2)
        if not ready:
            return answered
        for fd, _ in ready:
            with contextlib.suppress(BlockingIOError):
                while True:
                    by_fd[fd].recv(2048)
                    answered += 1
    return answered


LISTEN = ("--listen", HERE4, "--listen", HERE6)


# ---- af_xdp ----

def test_af_xdp_takes_queries_and_leaves_the_rest(wide_world, queues):
    world = wide_world
    probe = world.probe("--lcores", "2", "--port", "af_xdp:v0", *LISTEN)
    assert xdp_program(world.here) == "penstock_filter"
    assert "NOERROR" in world.there.dig(HERE4)
    assert "NOERROR" in world.there.dig(HERE6)
    world.there.ping(HERE4)
    world.there.ping(HERE6)
    world.here.ping(THERE4)
    assert tcp_works(world.here, world.there, HERE4)
    stats = probe.stats()
    assert len(stats["by_queue"]) == queues
    assert (stats["queries"], stats["sent"], stats["strangers"], stats["lost"]) == (2, 2, 0, 0)
    probe.quit()
    assert xdp_program(world.here) == ""
    assert "connection refused" in world.there.dig(HERE4)


def test_af_xdp_passes_queries_to_other_addresses(world):
    world.here.ip("address", "add", "10.77.0.9/24", "dev", "v0")
    probe = world.probe("--port", "af_xdp:v0", *LISTEN)
    assert "connection refused" in world.there.dig("10.77.0.9")
    assert probe.stats()["received"] == 0


def test_af_xdp_takes_responses_of_endpoints_to_our_ports_only(world):
    probe = world.probe("--port", "af_xdp:v0", "--endpoint", THERE4, "--source-ports", "20000,100")
    endpoint, stranger = world.there.socket(address=THERE4, port=53), world.there.socket(address=OTHER4, port=53)
    other_port = world.there.socket(address=THERE4, port=5353)
    kernel = {port: world.here.socket(address=HERE4, port=port) for port in (19999, 20000, 20099, 20100)}
    for case, sender, port, ours in (
            ("first of our ports", endpoint, 20000, True), ("last of our ports", endpoint, 20099, True),
            ("port before ours", endpoint, 19999, False), ("port after ours", endpoint, 20100, False),
            ("no endpoint", stranger, 20000, False), ("not from port 53", other_port, 20000, False)):
        before = probe.stats()["responses"]
        sender.sendto(bytes(40), (HERE4, port))
        if ours:
            wait_until(lambda: probe.stats()["responses"] == before + 1, case)
        else:
            assert len(kernel[port].recv(100)) == 40, case
            assert probe.stats()["responses"] == before, case
    # Other endpoints from now on.
    assert probe.say(f"endpoint {OTHER4} 20000 100") == "set"
    stranger.sendto(bytes(40), (HERE4, 20000))
    wait_until(lambda: probe.stats()["responses"] == 3, "the new endpoint's response")
    endpoint.sendto(bytes(41), (HERE4, 20000))
    assert len(kernel[20000].recv(100)) == 41


def test_af_xdp_leaves_fragments_and_options_to_the_kernel(world):
    probe = world.probe("--port", "af_xdp:v0", *LISTEN)
    kernel = world.here.socket(address=HERE4, port=53)
    client = world.there.socket()
    client.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: fragments are allowed
    client.sendto(bytes(4000), (HERE4, 53))
    assert len(kernel.recv(5000)) == 4000
    client.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01\x01\x01\x00")
    client.sendto(bytes(50), (HERE4, 53))
    assert len(kernel.recv(5000)) == 50
    assert probe.stats()["received"] == 0


def test_af_xdp_keeps_vlan_tags(world):
    probe = world.probe("--port", "af_xdp:v0", *LISTEN)
    mac = json.loads(world.here.run("ip", "-j", "link", "show", "v0").stdout)[0]["address"]
    with world.there.entered():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("v1", 0))
    udp = struct.pack("!4H", 4444, 53, 20, 0) + bytes(12)
    ip = struct.pack("!2B3H2BH4s4s", 0x45, 0, 40, 0, 0, 64, 17, 0, socket.inet_aton(THERE4), socket.inet_aton(HERE4))
    raw.send(bytes.fromhex(mac.replace(":", "")) + b"\2\0\0\0\0\1" + b"\x81\0\0\x64\x08\0" + ip + udp)
    wait_until(lambda: probe.stats()["queries"] == 1, "the tagged query")
    # Twice tagged is the kernel's.
    raw.send(bytes.fromhex(mac.replace(":", "")) + b"\2\0\0\0\0\1" + b"\x81\0\0\x64\x81\0\0\x65\x08\0" + ip + udp)
    world.there.ping(HERE4)
    assert probe.stats()["received"] == 1


@pytest.mark.parametrize("geometry, largest", [((), 1472), (("--page-bound",), 1430)], ids=["full", "page-bound"])
def test_af_xdp_takes_frames_up_to_the_pool_s_room(world, geometry, largest):
    probe = world.probe("--port", "af_xdp:v0", *LISTEN, *geometry)
    client = world.there.socket()
    client.sendto(bytes(largest), (HERE4, 53))
    assert len(client.recv(2000)) == largest
    if largest < 1472:
        client.sendto(bytes(largest + 1), (HERE4, 53))
        assert "NOERROR" in world.there.dig(HERE4)
        assert probe.stats()["queries"] == 2


@pytest.mark.parametrize("lcores, flows, geometry", [
    (2, 1, ()), (2, 1, ("--page-bound",)), (2, 32, ()), (4, 32, ())],
    ids=["one queue", "one queue, page-bound", "both queues", "4 lcores on 2 CPUs"])
def test_af_xdp_hands_60000_frames_across_lcores(lcores, flows, geometry):
    # One flow comes to one queue and is answered on the other: so each buffer of the pool has its turn. With the default
    # pool of DPDK, whose buffers lie partly outside the UMEM, this stops before half of them are answered.
    world = World(2)
    try:
        probe = world.probe("--lcores", str(lcores), "--port", "af_xdp:v0", *LISTEN, *geometry)
        sockets = [world.there.socket(address=THERE4) for _ in range(flows)]
        answered = echo_many(sockets, HERE4, 60_000)
        stats = probe.stats()
        assert answered == 60_000, stats
        assert sum(stats["by_queue"]) == 60_000, stats
        assert flows == 1 or min(stats["by_queue"]) > 5_000, stats
        probe.quit()
    finally:
        world.close()


def test_af_xdp_refuses_a_scattered_pool(world):
    output = world.probe("--port", "af_xdp:v0", "--default-pool", ready=False).rest()
    assert "would be dense" in output


def test_af_xdp_after_kill(wide_world):
    world = wide_world
    arguments = ("--lcores", "2", "--port", "af_xdp:v0", *LISTEN)
    probe = world.probe(*arguments)
    assert "NOERROR" in world.there.dig(HERE4)
    probe.kill()
    # The filter goes with its process; the kernel gets the query and says at once that nobody listens.
    wait_until(lambda: xdp_program(world.here) == "", "the filter is gone")
    assert "connection refused" in world.there.dig(HERE4)
    again = world.probe(*arguments)
    assert "NOERROR" in world.there.dig(HERE4)
    again.quit()
    assert xdp_program(world.here) == ""


@pytest.mark.parametrize("program", ["filter", "decoy"])
def test_af_xdp_takes_off_what_we_left(world, program):
    objects = pathlib.Path(os.environ["BPF_OBJECTS"])
    world.here.run("ip", "link", "set", "dev", "v0", "xdp", "obj", str(objects / f"{program}.bpf.o"), "sec", "xdp")
    assert xdp_program(world.here) == f"penstock_{program}"
    # A filter whose sockets are gone passes to the kernel.
    assert "connection refused" in world.there.dig(HERE4)
    probe = world.probe("--port", "af_xdp:v0", *LISTEN)
    assert f"removed what an earlier process left behind, XDP program penstock_{program}" in probe.output
    assert "NOERROR" in world.there.dig(HERE4)


def test_af_xdp_filter_without_privileges(world):
    probe = world.probe("--port", "af_xdp:v0", *LISTEN)
    assert probe.say("drop privileges") == "dropped"
    assert "NOERROR" in world.there.dig(HERE4)
    assert probe.say(f"endpoint {THERE4} 20000 100") == "set"
    assert "connection refused" in world.there.dig(HERE4)  # those rules have no listen address
    world.there.socket(address=THERE4, port=53).sendto(bytes(40), (HERE4, 20000))
    wait_until(lambda: probe.stats()["responses"] == 1, "the response")
    probe.quit()
    assert xdp_program(world.here) == ""


def test_af_xdp_leaves_somebody_else_s_program(world, tmp_path):
    source = tmp_path / "other.c"
    source.write_text('__attribute__((section("xdp"), used)) int somebody_else(void* c) { return 2; }\n'
                      'char l[] __attribute__((section("license"), used)) = "GPL";\n')
    run("clang-14", "-O2", "-g", "-target", "bpf", "-c", str(source), "-o", str(tmp_path / "other.o"))
    world.here.run("ip", "link", "set", "dev", "v0", "xdp", "obj", str(tmp_path / "other.o"), "sec", "xdp")
    output = world.probe("--port", "af_xdp:v0", ready=False).rest()
    assert "another XDP program somebody_else" in output
    assert xdp_program(world.here) == "somebody_else"


def test_interface_has_one_process(world):
    first = world.probe("--port", "af_xdp:v0", *LISTEN)
    for kind in ("af_xdp", "af_packet"):
        assert "in use by another" in world.probe("--port", f"{kind}:v0", ready=False).rest()
    assert "NOERROR" in world.there.dig(HERE4)
    first.quit()


@pytest.mark.parametrize("kind", ["af_xdp", "af_packet"])
def test_error_names_the_interface(world, kind):
    assert "no interface nowhere" in world.probe("--port", f"{kind}:nowhere", ready=False).rest()
    world.here.ip("link", "set", "v0", "down")
    assert "v0 is down" in world.probe("--port", f"{kind}:v0", ready=False).rest()


# ---- af_packet ----

def unreachables(namespace):
    rows = namespace.run("cat", "/proc/net/snmp").stdout.splitlines()
    names, values = [row.split()[1:] for row in rows if row.startswith("Icmp:")]
    return int(dict(zip(names, values))["OutDestUnreachs"])


def nft_tables(namespace):
    return namespace.run("nft", "list", "tables").stdout.split("\n")[:-1]


def test_af_packet_keeps_the_kernel_silent(world):
    assert "connection refused" in world.there.dig(HERE4)
    probe = world.probe("--lcores", "2", "--port", "af_packet:v0", *LISTEN, "--endpoint", THERE4,
                        "--source-ports", "20000,100")
    assert nft_tables(world.here) == ["table netdev penstock_v0"]
    before = unreachables(world.here)
    for _ in range(5):
        assert "NOERROR" in world.there.dig(HERE4)
    assert "NOERROR" in world.there.dig(HERE6)
    endpoint = world.there.socket(address=THERE4, port=53)
    endpoint.sendto(bytes(40), (HERE4, 20050))
    wait_until(lambda: probe.stats()["responses"] == 1, "the response")
    world.there.ping(HERE4)
    assert tcp_works(world.here, world.there, HERE4)
    assert unreachables(world.here) == before
    # Not ours, and so the kernel says what it always says.
    endpoint.sendto(bytes(40), (HERE4, 30000))
    wait_until(lambda: unreachables(world.here) == before + 1, "the kernel's answer for a port that is not ours")
    probe.quit()
    assert nft_tables(world.here) == []
    assert "connection refused" in world.there.dig(HERE4)


def test_af_packet_after_kill(world):
    probe = world.probe("--port", "af_packet:v0", *LISTEN)
    assert "NOERROR" in world.there.dig(HERE4)
    probe.kill()
    # The table goes with its process: the kernel answers again.
    wait_until(lambda: nft_tables(world.here) == [], "the table is gone")
    assert "connection refused" in world.there.dig(HERE4)
    again = world.probe("--port", "af_packet:v0", *LISTEN)
    assert world.here.run("nft", "list", "ruleset").stdout.count("dport 53") == 2
    assert "NOERROR" in world.there.dig(HERE4)
    again.quit()
    assert nft_tables(world.here) == []


def test_af_packet_leaves_the_host_its_responses(world):
    """A resolver on the same host may draw a source port of ours: only what comes from our endpoints is ours."""
    def heard(source):
        world.there.socket(address=source, port=53).sendto(source.encode(), (HERE4, 20050))
        try:
            return resolver.recv(100) == source.encode()
        except TimeoutError:
            return False

    resolver = world.here.socket(address=HERE4, port=20050)
    resolver.settimeout(0.5)
    probe = world.probe("--port", "af_packet:v0", *LISTEN, "--endpoint", THERE4, "--source-ports", "20000,100")
    assert heard(OTHER4)
    assert not heard(THERE4)
    assert probe.say(f"endpoint {OTHER4} 20000 100") == "set"
    assert heard(THERE4)
    assert not heard(OTHER4)
    probe.quit()
    assert heard(OTHER4)


def test_af_packet_replaces_a_table_of_its_name(world):
    world.here.run("nft", "add table netdev penstock_v0; add chain netdev penstock_v0 old")
    probe = world.probe("--port", "af_packet:v0", *LISTEN)
    ruleset = world.here.run("nft", "list", "ruleset").stdout
    assert "flags owner" in ruleset and "chain old" not in ruleset
    probe.quit()


def test_af_packet_says_when_its_table_is_another_process_s(world):
    owner = subprocess.Popen(["ip", "netns", "exec", world.here.name, "nft", "-i"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        owner.stdin.write("add table netdev penstock_v0 { flags owner; }\n")
        owner.stdin.flush()
        wait_until(lambda: nft_tables(world.here) != [], "the other process's table")
        output = world.probe("--port", "af_packet:v0", *LISTEN, ready=False).rest()
        assert "table netdev penstock_v0 belongs to another process, or CAP_NET_ADMIN is missing" in output
    finally:
        owner.stdin.close()
        owner.wait(10)


@pytest.mark.parametrize("kind", ["af_xdp", "af_packet"])
def test_losses_are_counted(world, kind):
    """The probe stands still while more frames come than a queue has room for."""
    probe = world.probe("--port", f"{kind}:v0", *LISTEN)
    assert "NOERROR" in world.there.dig(HERE4)
    client = world.there.socket()
    probe.process.send_signal(signal.SIGSTOP)
    for _ in range(20_000):
        client.sendto(bytes(40), (HERE4, 53))
    probe.process.send_signal(signal.SIGCONT)
    wait_until(lambda: (s := probe.stats())["queries"] + s["receive_missed"] + s["receive_no_mbuf"] >= 20_001,
               "every frame is counted")
    stats = probe.stats()
    assert stats["receive_missed"] > 1_000, stats
    probe.quit()


# ---- doors and vdevs ----

def test_door_on_net_tap(world):
    """net_tap's interface is the wire: its end is `here`; behind the door, moved to `there`, is the kernel of the port."""
    probe = world.probe("--port", "vdev:net_tap0,iface=wire0")
    door = probe.stats()["interface"]
    assert door.startswith("ps-p0x")
    assert len(door) <= 15
    links = {link["ifname"]: link for link in json.loads(world.here.run("ip", "-j", "link").stdout)}
    assert "UP" in links[door]["flags"]
    assert links[door]["mtu"] == 1500
    # net_tap gives its interface the port's MAC: the host on the wire needs another.
    assert links[door]["address"] == links["wire0"]["address"]
    world.here.ip("link", "set", "wire0", "address", "02:00:00:00:00:77", "up")
    world.here.ip("address", "add", "10.78.0.1/24", "dev", "wire0")
    world.there.ip("link", "del", "v1")
    world.here.ip("link", "set", door, "netns", world.there.name)
    world.there.ip("address", "add", "10.78.0.2/24", "dev", door)
    world.there.ip("link", "set", door, "up")
    world.here.ping("10.78.0.2")
    settled = probe.stats()  # while it moved it was down, and took nothing
    world.there.ping("10.78.0.1")
    neighbours = world.here.run("ip", "neigh", "show", "dev", "wire0").stdout
    assert "10.78.0.2" in neighbours and links[door]["address"] in neighbours
    assert tcp_works(world.there, world.here, "10.78.0.2")
    assert tcp_works(world.here, world.there, "10.78.0.1", port=8054)
    stats = probe.stats()
    assert stats["to_door"] > 200
    wait_until(lambda: probe.stats()["door_took"] - settled["door_took"] >= stats["to_door"] - settled["to_door"],
               "the door took all")
    assert stats["door_alive"] == 1
    probe.quit()
    wait_until(lambda: door not in world.there.run("ip", "link").stdout, "the door is gone")


def test_door_that_is_down_or_deleted(world):
    probe = world.probe("--port", "vdev:net_tap0,iface=wire0")
    door = probe.stats()["interface"]
    world.here.ip("link", "set", "wire0", "address", "02:00:00:00:00:77", "up")
    world.here.ip("address", "add", "10.78.0.1/24", "dev", "wire0")
    world.here.ip("link", "set", door, "down")
    time.sleep(0.1)
    before = probe.stats()
    world.here.run("ping", "-c", "2", "-i", "0.2", "-W", "1", "10.78.0.2", check=False)
    after = probe.stats()
    assert after["to_door"] > before["to_door"]
    assert after["door_took"] == before["door_took"]
    assert after["door_alive"] == 1
    world.here.ip("link", "del", door)
    probe.until("restart penstock-dataplane")
    assert f"door {door}: its TAP was deleted" in probe.output
    assert probe.stats()["door_alive"] == 0
    world.here.run("ping", "-c", "2", "-i", "0.2", "-W", "1", "10.78.0.2", check=False)
    assert probe.stats()["door_took"] == before["door_took"]
    assert probe.output.count("its TAP was deleted") == 1
    probe.quit()


def test_two_ports_of_different_kinds(world):
    probe = world.probe("--lcores", "2", "--port", "vdev:net_null0,no-rx=1", "--port", "af_xdp:v0", *LISTEN)
    assert "NOERROR" in world.there.dig(HERE4)
    probe.quit()


def test_vdev_that_no_driver_takes(world):
    assert "does not accept \"net_nonsense0\"" in world.probe("--port", "vdev:net_nonsense0", ready=False).rest()


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:], __file__]))
