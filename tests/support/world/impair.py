"""tests/support/world/impair.py - stands in front of a server's UDP and spoils what goes through: loss, delay, duplicates, wrong answers.

with Impairment(world, VPC, "10.16.1.10", query={"loss": 0.05}, answer={"loss": 0.05}) as impairment:
    impairment.set(answer={"delay": 0.02, "jitter": 0.03})

Takes over UDP port 53 of the server's addresses for what comes in from outside (its socket is bound to the interface, the
server's is not, so the kernel prefers it) and hands it on to the server itself over loopback; TCP stays with the server. When it
ends, the server has its port again. Chance is seeded: the same packets meet the same fate.

Of each direction, `query` and `answer`: loss and duplicate are shares, delay and jitter seconds. jitter beyond the distance of
packets is reordering. `script` says what is done with questions whose first label begins so ("" are all):
    drop            nothing comes back
    servfail        SERVFAIL, without asking the server
    garbage         random octets in place of the answer, half of them under the right id
    wrong-id        the answer under another id
    wrong-question  the answer to another question under the right id
    forge:N         N forged answers (address 6.6.6.6) that are wrong in one thing each, then the true one
Run by itself it is that process: settings as a JSON object in its argument, and further ones as lines of its input.
"""
import heapq
import json
import random
import select
import socket
import struct
import subprocess
import sys
import time

_FORGED = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\x06\x06\x06\x06"
_RCVBUFFORCE, _SNDBUFFORCE = 33, 32  # of Linux; the module has no names for them
FORGED_OCTETS = "06060606"
_HEADS = struct.Struct("!BBHHHBBH4s4sHHHHH")  # of IPv4 and UDP, and the id


class Impairment:
    def __init__(self, world, where, *addresses, device="eth0", **settings):
        settings = {"addresses": addresses, "device": device, **settings}
        # It stands for machines of their own, which have a processor whatever ours do.
        self.child = subprocess.Popen(world.inside(where, "nice", "-n", "-10", "setpriv", "--pdeathsig", "KILL", sys.executable, __file__, json.dumps(settings)),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.child.stdout.readline() == "ready\n", "the impairment did not start"
        return self

    def set(self, **settings):
        """Returns when they hold: {"query": {"loss": 1}}. What is not named stays."""
        self.child.stdin.write(json.dumps(settings) + "\n")
        self.child.stdin.flush()
        assert self.child.stdout.readline() == "ready\n"

    def counts(self):
        """What it did so far: {"queries": 10, "lost": 1, "forged": 0}."""
        self.child.stdin.write('"counts"\n')
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()


def end_of_question(message):
    """Behind the question's type and class; 0 where there is none to be read."""
    at = 12
    while at < len(message) and message[at]:
        at += message[at] + 1
    return at + 5 if at + 5 <= len(message) else 0


class _Direction:
    def __init__(self):
        self.loss = self.duplicate = self.delay = self.jitter = 0.0

    def set(self, values):
        for name, value in values.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


class _Front:
    """One address: the socket that outside sees, and the one to the server behind. Ids towards the server are our own."""

    def __init__(self, address, device):
        self.address = address
        self.outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.outside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.outside.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        self.outside.bind((address, 53))
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Local traffic counts as received by the interface that has the address: by lo only if both ends say so.
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        self.server.bind(("127.0.0.1", 0))
        self.server.connect((address, 53))
        for sock in (self.outside, self.server):
            sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 4 << 20)
            sock.setblocking(False)
        self.asked = {}  # our id: (who asked, the id there, what its script does)
        self.next_id = 0


class _Relay:
    def __init__(self, settings):
        self.random = random.Random(settings.pop("seed", 1))
        self.direction = {"query": _Direction(), "answer": _Direction()}
        self.script = {}
        self.counts = {"queries": 0, "answers": 0, "lost": 0, "duplicated": 0, "scripted": 0, "forged": 0}
        self.later, self.order = [], 0
        self.fronts = [_Front(address, settings["device"]) for address in settings.pop("addresses")]
        del settings["device"]
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.raw.setsockopt(socket.SOL_SOCKET, _SNDBUFFORCE, 8 << 20)
        self.set(settings)

    def set(self, settings):
        for name, value in settings.items():
            if name == "script":
                self.script = value
            else:
                self.direction[name].set(value)

    def run(self):
        poll = select.epoll()
        readers = {}
        for front in self.fronts:
            readers[front.outside.fileno()] = (self.query, front, front.outside)
            readers[front.server.fileno()] = (self.answer, front, front.server)
        for fd in [*readers, 0]:
            poll.register(fd, select.EPOLLIN)
        print("ready", flush=True)
        while True:
            pause = max(0.0, self.later[0][0] - time.monotonic()) if self.later else 1
            for fd, _ in poll.poll(pause):
                if fd == 0:
                    if not self.command():
                        return
                    continue
                handle, front, sock = readers[fd]
                try:
                    for _ in range(32):
                        handle(front, *sock.recvfrom(65535))
                except OSError:
                    pass
            while self.later and self.later[0][0] <= time.monotonic():
                _, _, send = heapq.heappop(self.later)
                send()

    def command(self):
        line = sys.stdin.readline()
        if not line:
            return False
        order = json.loads(line)
        if order == "counts":
            print(json.dumps(self.counts), flush=True)
        else:
            self.set(order)
            print("ready", flush=True)
        return True

    def passes(self, direction, send):
        """Lets chance decide what becomes of a packet that `send` would send now."""
        how = self.direction[direction]
        for _ in range(2 if how.duplicate and self.random.random() < how.duplicate else 1):
            if how.loss and self.random.random() < how.loss:
                self.counts["lost"] += 1
                continue
            if how.delay or how.jitter:
                self.order += 1
                heapq.heappush(self.later, (time.monotonic() + how.delay + how.jitter * self.random.random(), self.order, send))
            else:
                send()

    def query(self, front, message, client):
        self.counts["queries"] += 1
        if len(message) < 12:
            return
        action = self.scripted(message)
        if action == "drop":
            self.counts["scripted"] += 1
        elif action == "servfail":
            self.counts["scripted"] += 1
            end = end_of_question(message)
            refusal = message[:2] + bytes([message[2] | 0x80, 0x82]) + b"\0\1\0\0\0\0\0\0" + message[12:end]
            self.passes("query", lambda: self.passes("answer", lambda: front.outside.sendto(refusal, client)))
        else:
            self.passes("query", lambda: self.hand_on(front, message, client, action))

    def scripted(self, message):
        if not self.script:
            return None
        label = message[13:13 + message[12]].decode("latin-1")
        for begin, action in self.script.items():
            if label.startswith(begin):
                return action
        return None

    def hand_on(self, front, message, client, action):
        front.next_id = (front.next_id + 1) & 0xffff
        own = struct.pack("!H", front.next_id)
        front.asked[own] = (client, message[:2], action)
        front.server.send(own + message[2:])

    def answer(self, front, message, _):
        asked = front.asked.pop(message[:2], None)
        if asked is None:
            return
        self.counts["answers"] += 1
        client, own, action = asked
        message = own + message[2:]
        if action:
            self.counts["scripted"] += 1
            if action.startswith("forge:"):
                self.forge(front, message, client, int(action[6:]))
            else:
                message = self.spoil(message, action)
        self.passes("answer", lambda: front.outside.sendto(message, client))

    def spoil(self, message, action):
        if action == "garbage":
            octets = self.random.randbytes(self.random.randrange(1, 300))
            return message[:2] + octets if self.random.random() < 0.5 else octets
        if action == "wrong-id":
            return struct.pack("!H", (struct.unpack("!H", message[:2])[0] + 1 + self.random.randrange(65534)) & 0xffff) + message[2:]
        assert action == "wrong-question", action
        return message[:13] + bytes([message[13] ^ 1]) + message[14:]

    def forge(self, front, message, client, count):
        """What somebody sends who has seen the query: all is right but the source, the destination port, the id or the question."""
        end = end_of_question(message)
        forged = b"\x81\x80\0\1\0\1\0\0\0\0" + message[12:end] + _FORGED
        other_question = forged[:11] + bytes([forged[11] ^ 1]) + forged[12:]
        others = [socket.inet_aton(other.address) for other in self.fronts if other is not front]
        own_id, = struct.unpack("!H", message[:2])
        own, to, length = socket.inet_aton(front.address), socket.inet_aton(client[0]), 10 + len(forged)
        destination, first, send, sent = (client[0], 0), self.random.randrange(65536), self.raw.sendto, 0
        for n in range(count):
            source, source_port, port, number, question = own, 53, client[1], own_id, forged
            kind, other = n % 5, (first + n * 40503) % 65535 + 1  # never 0 or 65536: another one
            if kind == 0:
                source = others[n % len(others)] if others and n % 2 else bytes([10, 16, 3, n % 250 + 1])
            elif kind == 1:
                source_port = 1024 + other % 60000
            elif kind == 2:
                port = (port + other) & 0xffff or 1
            elif kind == 3:
                number = (number + other) & 0xffff
            else:
                question = other_question
            try:
                send(_HEADS.pack(0x45, 0, 20 + length, 0, 0, 64, 17, 0, source, to, source_port, port, length, 0, number) + question, destination)
                sent += 1
            except OSError:
                pass
        self.counts["forged"] += sent


if __name__ == "__main__":
    _Relay(json.loads(sys.argv[1])).run()
