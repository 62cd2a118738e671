"""tests/import/network.py - namespaces in which an old server runs, and a network that answers at every address there is.

    network: answers on port 53 and a few others whatever address is asked, and writes down which; clients of any address are here, too
    slot N:  where one server runs; its way out is the network

So the old files are run as they are: their servers' addresses, and the root servers, are all in the network. Nothing leaves the machine.
"""
import collections
import ctypes
import dataclasses
import os
import selectors
import socket
import struct
import subprocess
import threading
import time

PREFIX = "penstock-import"
PORTS = (53, 5353, 8600, 1053)
# Who asks these looks names up itself.
ROOTS = {"198.41.0.4", "199.9.14.201", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4",
         "198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33",
         "2001:503:ba3e::2:30", "2001:500:200::b", "2801:1b8:10::b", "2001:500:2::c", "2001:500:2d::d", "2001:500:a8::e",
         "2001:500:2f::f", "2001:500:12::d0d", "2001:500:1::53", "2001:7fe::53", "2001:503:c27::2:30", "2001:7fd::1",
         "2001:500:9f::42", "2001:dc3::35"}
A, NS, SOA, PTR, TXT, AAAA, OPT = 1, 2, 6, 12, 16, 28, 41
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
# Answers of the network; no configuration has them.
ANSWER = socket.inet_aton("198.18.0.1")
ANSWER6 = socket.inet_pton(socket.AF_INET6, "2001:2::1")

# Of Linux; Python 3.11 has no names for them.
IP_PKTINFO, IP_TRANSPARENT, IPV6_TRANSPARENT = 8, 19, 75

_libc = ctypes.CDLL(None, use_errno=True)


def slot_address(slot):
    return f"198.19.{slot}.2"


def _gateway(slot):
    return f"198.19.{slot}.1"


def in_namespace(name, make):
    """What `make` returns, made by a thread in the namespace; a socket stays where it was made."""
    made = []

    def run():
        with open(f"/run/netns/{name}", "rb") as namespace:
            if _libc.setns(namespace.fileno(), 0x40000000) != 0:  # CLONE_NEWNET
                raise OSError(ctypes.get_errno(), f"setns {name}")
        made.append(make())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert made, f"nothing made in {name}"
    return made[0]


def encode_name(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in labels) + b"\0"


def decode_name(message, at):
    labels = []
    while message[at]:
        if message[at] >= 0xC0:
            rest, _ = decode_name(message, (message[at] & 0x3F) << 8 | message[at + 1])
            return ".".join(labels + [rest] if rest else labels), at + 2
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    return ".".join(labels), at + 1


@dataclasses.dataclass(frozen=True)
class Question:
    name: str
    kind: int = A
    client: str = "10.250.0.1"


@dataclasses.dataclass
class Answer:
    rcode: int
    addresses: frozenset  # A or AAAA, as was asked
    has_records: bool

    def __str__(self):
        if self.rcode != NOERROR:
            return {SERVFAIL: "servfail", NXDOMAIN: "nxdomain", REFUSED: "refused"}.get(self.rcode, f"rcode {self.rcode}")
        if self.addresses:
            return "answer " + ", ".join(sorted(self.addresses))
        return "records" if self.has_records else "nodata"


def read_answer(message):
    _, flags, questions, answers = struct.unpack_from("!HHHH", message)
    at = 12
    for _ in range(questions):
        _, at = decode_name(message, at)
        at += 4
    addresses = set()
    for _ in range(answers):
        _, at = decode_name(message, at)
        kind, _, _, length = struct.unpack_from("!HHIH", message, at)
        at += 10
        if kind == A and length == 4:
            addresses.add(socket.inet_ntoa(message[at:at + 4]))
        if kind == AAAA and length == 16:
            addresses.add(socket.inet_ntop(socket.AF_INET6, message[at:at + 16]))
        at += length
    return Answer(flags & 15, frozenset(addresses), answers > 0)


class Network:
    """`with Network(slots) as network:` has the namespaces up, and a thread that answers."""

    def __init__(self, slots, prefix=PREFIX):
        self.slots, self.prefix = slots, prefix
        self.asked = collections.defaultdict(lambda: collections.defaultdict(set))  # by slot, then (name in lower case, type): addresses
        self.stopped = threading.Event()
        self.sockets = []

    def namespace(self, slot=None):
        return f"{self.prefix}-network" if slot is None else f"{self.prefix}-{slot}"

    def __enter__(self):
        self._down()
        try:
            self._up()
        except BaseException:
            self._down()
            raise
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        for one in self.sockets:
            one.close()
        self._down()

    def _down(self):
        names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout.split()
        ours = [self.namespace()] + [self.namespace(slot) for slot in range(self.slots)]
        for name in ours:
            if name in names:
                subprocess.run(["ip", "netns", "delete", name], check=False)

    @staticmethod
    def _batch(namespace, lines, *options):
        command = ["ip", *options] + (["-n", namespace] if namespace else []) + ["-batch", "-"]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, f"{lines}: {done.stderr}"

    def _up(self):
        network = self.namespace()
        self._batch(None, [f"netns add {network}"] + [f"netns add {self.namespace(slot)}" for slot in range(self.slots)])
        quiet = ["net.ipv4.ip_nonlocal_bind=1", "net.ipv6.ip_nonlocal_bind=1", "net.ipv4.conf.all.rp_filter=0",
                 "net.ipv4.conf.default.rp_filter=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0",
                 "net.ipv6.conf.default.accept_ra=0", "net.ipv4.ip_unprivileged_port_start=0"]
        for name in [network] + [self.namespace(slot) for slot in range(self.slots)]:
            subprocess.run(["ip", "netns", "exec", name, "sysctl", "-q", "-w"] + quiet, check=True)
        lines = ["link set lo up"]
        for slot in range(self.slots):
            lines += [f"link add slot{slot} type veth peer name out netns {self.namespace(slot)}",
                      f"addr add {_gateway(slot)}/24 dev slot{slot}", f"addr add fd19:{slot}::1/64 dev slot{slot} nodad",
                      f"link set slot{slot} up"]
        # What no slot has is here.
        everything = ["rule add pref 40000 lookup 100", "route add local default dev lo table 100"]
        self._batch(network, lines + everything)
        self._batch(network, everything, "-6")
        for slot in range(self.slots):
            self._batch(self.namespace(slot), [
                "link set lo up", f"addr add {slot_address(slot)}/24 dev out", f"addr add fd19:{slot}::2/64 dev out nodad",
                "link set out up", f"route add default via {_gateway(slot)}"])
            self._batch(self.namespace(slot), [f"route add default via fd19:{slot}::1"], "-6")
        for port in PORTS:
            for family in (socket.AF_INET, socket.AF_INET6):
                self.sockets.append(in_namespace(network, lambda: self._listen(family, port)))
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    @staticmethod
    def _socket(family):
        """One that may send from any address."""
        one = socket.socket(family, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        level, option = (socket.IPPROTO_IPV6, IPV6_TRANSPARENT) if family == socket.AF_INET6 else (socket.IPPROTO_IP, IP_TRANSPARENT)
        one.setsockopt(level, option, 1)
        one.setblocking(False)
        return one

    def _listen(self, family, port):
        one = self._socket(family)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            one.bind(("::", port))
        else:
            one.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            one.bind(("0.0.0.0", port))
        return one

    def client(self, address):
        """A socket of a client that has the address."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET

        def make():
            one = self._socket(family)
            one.bind((address, 0))
            return one

        return in_namespace(self.namespace(), make)

    def asked_in(self, slot):
        """Who was asked for which name by the server in the slot; to be cleared for the next."""
        return self.asked[slot]

    def ask(self, slot, questions, window=24, patience=2.0):
        """Asks the server in the slot; an Answer each, None where none came in `patience` seconds, twice."""
        sockets = {}
        for question in questions:
            if question.client not in sockets:
                sockets[question.client] = self.client(question.client)
        selector = selectors.DefaultSelector()
        for one in sockets.values():
            selector.register(one, selectors.EVENT_READ)
        answers = [None] * len(questions)
        waiting = collections.deque(range(len(questions)))
        for _ in range(2):
            self._ask_all(slot, questions, waiting, answers, sockets, selector, window, patience)
            waiting = collections.deque(i for i, answer in enumerate(answers) if answer is None)
        for one in sockets.values():
            one.close()
        return answers

    @staticmethod
    def _ask_all(slot, questions, waiting, answers, sockets, selector, window, patience):
        outstanding = {}
        while waiting or outstanding:
            while waiting and len(outstanding) < window:
                number = waiting.popleft()
                question = questions[number]
                message = struct.pack("!HHHHHH", number, 0x100, 1, 0, 0, 0) + encode_name(question.name) + struct.pack("!HH", question.kind, 1)
                target = f"fd19:{slot}::2" if ":" in question.client else slot_address(slot)
                sockets[question.client].sendto(message, (target, 53))
                outstanding[number] = time.monotonic() + patience
            for key, _ in selector.select(0.05):
                try:
                    message = key.fileobj.recv(4096)
                except OSError:
                    continue
                number = struct.unpack_from("!H", message)[0]
                if outstanding.pop(number, None) is not None:
                    answers[number] = read_answer(message)
            now = time.monotonic()
            for number in [number for number, until in outstanding.items() if until < now]:
                del outstanding[number]

    def _serve(self):
        selector = selectors.DefaultSelector()
        for one in self.sockets:
            selector.register(one, selectors.EVENT_READ)
        while not self.stopped.is_set():
            for key, _ in selector.select(0.2):
                self._drain(key.fileobj)

    def _drain(self, one):
        port = one.getsockname()[1]
        for _ in range(64):
            try:
                message, control, _, source = one.recvmsg(4096, 128)
            except BlockingIOError:
                return
            for _, _, data in control:
                if one.family == socket.AF_INET:
                    target = socket.inet_ntoa(data[8:12])
                    info = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", 0, data[8:12], b"\0" * 4))
                    slot = int(source[0].split(".")[2])
                else:
                    target = socket.inet_ntop(socket.AF_INET6, data[:16])
                    info = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, data[:16] + b"\0" * 4)
                    slot = int(source[0].split(":")[1] or "0", 16)
            reply = self._answer(message, slot, target, port)
            if reply:
                try:
                    one.sendmsg([reply], [info], 0, source)
                except OSError:
                    pass  # the server is gone

    def _answer(self, message, slot, target, port):
        if len(message) < 17 or message[2] & 0x80:
            return None
        try:
            name, at = decode_name(message, 12)
            kind, _ = struct.unpack_from("!HH", message, at)
        except (IndexError, struct.error):
            return None
        self.asked[slot][name.lower(), kind].add(target if port == 53 else f"{target}#{port}")
        question = message[12:at + 4]
        is_root = target in ROOTS
        # A name that says so fails at servers; who then looks it up himself finds it.
        rcode = SERVFAIL if name.lower().startswith("failing") and not is_root else NOERROR
        records = b""
        count = 0
        if rcode == NOERROR:
            data = {A: ANSWER, AAAA: ANSWER6, NS: encode_name("a.root-servers.net") if not name else None,
                    PTR: encode_name("host.of.network"), TXT: b"\4text",
                    SOA: encode_name("network") + encode_name("network") + struct.pack("!5I", 1, 3600, 3600, 3600, 0)}.get(kind)
            if data is not None:
                records = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data
                count = 1
        additional = b"\0" + struct.pack("!HHIH", OPT, 1232, 0, 0) if struct.unpack_from("!H", message, 10)[0] else b""
        header = message[:2] + struct.pack("!HHHHH", 0x8480 | (message[2] & 1) << 8 | rcode, 1, count, 0, 1 if additional else 0)
        return header + question + records + additional
