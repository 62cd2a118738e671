"""tests/support/world/load.py - a client that asks each question exactly once at a fixed rate, waits two seconds, and keeps what it saw.

with Load(world, rate=2000, seconds=6) as load:     # runs in a process of its own, in the client's namespace
    ...                                             # the bad day
    seen = load.result()                            # seen.lost, seen.servfail, seen.slowest, seen.after(moment).lost

Run by itself it is that process: a JSON object of settings as its argument, the line "started", then one of results. Moments are
time.monotonic(), which all processes of a machine share; latencies are from the send to the read of the answer.
"""
import collections
import gc
import ipaddress
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

PATIENCE = 2.0
STUDIO_NAMES = "studio.us-east-1.sagemaker.aws"
CORPORATE_NAMES = "corp.example"

_OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
_SAMPLES = 20
_MOST_AT_ONCE = 200  # of a flood that had to wait for the processor


def wire_name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".")) + b"\0"


class Seen:
    """What a client saw of the questions it asked: `rows` of (asked at, latency in seconds or None, rcode or None)."""

    def __init__(self, rows, extra=0, forged=0, samples=()):
        self.rows, self.extra, self.forged, self.samples = rows, extra, forged, list(samples)

    def _part(self, wanted):
        return Seen([row for row in self.rows if wanted(row[0])])

    def after(self, moment):
        return self._part(lambda at: at >= moment)

    def before(self, moment):
        return self._part(lambda at: at < moment)

    @property
    def asked(self):
        return len(self.rows)

    @property
    def lost(self):
        return sum(1 for _, latency, _ in self.rows if latency is None)

    @property
    def rcodes(self):
        return collections.Counter(rcode for _, _, rcode in self.rows if rcode is not None)

    @property
    def answered(self):
        return self.rcodes[0]

    @property
    def servfail(self):
        return self.rcodes[2]

    def percentile(self, share):
        """Of the answers, in seconds: a lost question has no latency and stands in `lost`."""
        ordered = sorted(latency for _, latency, _ in self.rows if latency is not None)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    @property
    def slowest(self):
        return self.percentile(1)

    def numbers(self):
        return (self.asked, self.lost, self.servfail, *(f"{1000 * self.percentile(share):.1f}" for share in (0.5, 0.99, 1)))

    def __str__(self):
        asked, lost, servfail, p50, p99, slowest = self.numbers()
        return f"{asked} asked, {lost} lost, {servfail} SERVFAIL, p50 {p50} ms, p99 {p99} ms, slowest {slowest} ms; {dict(self.rcodes)}"


class Load:
    """names: the zone below which every question has a label of its own; name: the same question again and again; hot: so many
    names below the zone, in turn.
    label: how that label begins. sockets: source ports. addresses: a prefix that the sockets' addresses are taken from, one each.
    listen: False only sends, as a flood does: it yields to the rest of the world, and what it could not send in time it leaves out.
    forged: octets that no answer may hold."""

    def __init__(self, world, rate, seconds, names=STUDIO_NAMES, *, server="192.168.10.86", where="client", **how):
        settings = {"rate": rate, "seconds": seconds, "names": names, "server": server, **how}
        self.child = subprocess.Popen(world.inside(where, "setpriv", "--pdeathsig", "KILL", sys.executable, __file__, json.dumps(settings)),
                                      stdout=subprocess.PIPE, text=True)
        self.limit = seconds + PATIENCE + 15
        self.seen = None
        self.started = None

    def __enter__(self):
        line = self.child.stdout.readline()
        assert line.startswith("started"), "the load client did not start"
        self.started = float(line.split()[1])
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.child.stdout.close()

    def wait_until(self, second):
        """Sleeps until so many seconds of the load are over. Returns the moment."""
        time.sleep(max(0.0, self.started + second - time.monotonic()))
        return time.monotonic()

    def result(self):
        if self.seen is None:
            out, _ = self.child.communicate(timeout=self.limit)
            got = json.loads(out)
            self.seen = Seen(got["rows"], got["extra"], got["forged"], map(bytes.fromhex, got["samples"]))
        return self.seen


class _Asker:
    def __init__(self, settings):
        self.rate, self.seconds = settings["rate"], settings["seconds"]
        self.listen = settings.get("listen", True)
        self.forged_octets = bytes.fromhex(settings.get("forged", ""))
        self.total = int(self.rate * self.seconds)
        self.sockets = self._open(settings)
        self.open_by_id = [{} for _ in self.sockets]
        self.sent_at, self.latency, self.rcode = [0.0] * self.total, [None] * self.total, [None] * self.total
        self.extra = self.forged = self.waiting = 0
        self.samples = []
        self.wires = self._wires(settings)

    @staticmethod
    def _open(settings):
        made = []
        prefix = settings.get("addresses")
        for number in range(settings.get("sockets", 100)):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            if prefix:
                sock.bind((str(ipaddress.ip_network(prefix)[number + 1]), 0))
            sock.connect((settings["server"], 53))
            sock.setblocking(False)
            made.append(sock)
        return made

    def _wires(self, settings):
        """Each with an id that no other open question of its socket has."""
        draw = random.Random(settings.get("seed", 1))
        end = struct.pack("!HH", settings.get("type", 1), 1) + _OPT
        zone, label = wire_name(settings["names"]), settings.get("label", "q").encode()
        tag = f"{time.time_ns() & 0xffffff:06x}".encode()  # no two loads ask for the same names
        first = [draw.randrange(65536) for _ in self.sockets]
        wires = []
        for i in range(self.total):
            unique = label + b"-" + tag + b"-%d" % i
            if "hot" in settings:
                unique = label + b"-%d" % (i % settings["hot"])
            question = wire_name(settings["name"]) if "name" in settings else bytes([len(unique)]) + unique + zone
            which, turn = i % len(self.sockets), i // len(self.sockets)
            wires.append(struct.pack("!HHHHHH", (first[which] + turn * 25717) & 0xffff, 0x0100, 1, 0, 0, 1) + question + end)
        return wires

    def run(self):
        poll = select.epoll()
        which_of = {sock.fileno(): which for which, sock in enumerate(self.sockets)}
        if self.listen:
            for sock in self.sockets:
                poll.register(sock, select.EPOLLIN)
        gc.disable()
        if not self.listen:
            os.nice(10)
        clock = time.monotonic
        start = clock() + 0.02
        print("started", start, flush=True)
        asked, end = 0, start + self.seconds + (PATIENCE if self.listen else 0)
        while True:
            now = clock()
            due = min(self.total, int((now - start) * self.rate))
            if not self.listen and due - asked > _MOST_AT_ONCE:
                asked = due - _MOST_AT_ONCE
            while asked < due:
                self._ask(asked, clock())
                asked += 1
            if now >= end or (asked == self.total and self.waiting == 0):
                break
            pause = (asked + 1) / self.rate + start - now if asked < self.total else 0.01
            for fd, _ in poll.poll(max(0.0005, min(pause, 0.02))):
                self._read(which_of[fd], clock())

    def _ask(self, number, now):
        which = number % len(self.sockets)
        wire = self.wires[number]
        if self.listen:
            self.open_by_id[which][wire[:2]] = number
            self.waiting += 1
        self.sent_at[number] = now
        try:
            self.sockets[which].send(wire)
        except OSError:  # an ICMP message of an earlier question, or no room: this one was not answered then
            pass

    def _read(self, which, now):
        try:
            answer = self.sockets[which].recv(65535)
        except OSError:
            return
        number = self.open_by_id[which].pop(answer[:2], None)
        if number is None:
            self.extra += 1
            return
        self.waiting -= 1
        if now - self.sent_at[number] > PATIENCE:
            return
        wire = self.wires[number]
        if answer[2] & 0x80 == 0 or answer[12:len(wire) - 11] != wire[12:-11] or (self.forged_octets and self.forged_octets in answer):
            self.forged += 1
        self.latency[number], self.rcode[number] = now - self.sent_at[number], answer[3] & 15
        if answer[3] & 15 and len(self.samples) < _SAMPLES:
            self.samples.append(answer.hex())

    def report(self):
        rows = [row for row in zip(self.sent_at, self.latency, self.rcode) if row[0] != 0]
        json.dump({"rows": rows, "extra": self.extra, "forged": self.forged, "samples": self.samples}, sys.stdout)


if __name__ == "__main__":
    asker = _Asker(json.loads(sys.argv[1]))
    asker.run()
    asker.report()
