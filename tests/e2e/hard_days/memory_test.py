"""tests/e2e/hard_days/memory_test.py - answers from memory: the same as the server's own, for everybody, in time, and when nobody else answers.

PENSTOCK_FULL=1 takes TTLs of a minute and stops the endpoints for two, as users have it; else seconds stand for minutes.
"""
import os
import random
import select
import socket
import struct
import subprocess
import time

import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype
import pytest

from bad_day import assert_settled, record
from load import Load, wire_name
from hops import as_answered, as_sent
from nsd import Nsd
from penstock import Penstock, config
from world import ENDPOINTS, HOST, VPC, World

FULL = os.environ.get("PENSTOCK_FULL") == "1"
TTL, OUTAGE, QUESTIONS = (60, 120, 100_000) if FULL else (4, 10, 100_000)
HOT = "hot.example"
ZONE = "random.example"
TYPES = ["A", "AAAA", "HTTPS", "TXT", "MX", "SRV", "CAA", "NS", "SOA", "DS", "CNAME", "TYPE4711", "ANY"]

HOT_ZONE = f"""\
$ORIGIN {HOT}.
$TTL {TTL}
@ SOA ns hostmaster 1 7200 900 1209600 {TTL}
@ NS ns
ns A 10.16.1.10
* A 10.16.1.1
"""
RANDOM_ZONE = f"""\
$ORIGIN {ZONE}.
$TTL 3600
@ SOA ns hostmaster 1 7200 900 1209600 300
@ NS ns
ns A 10.16.1.10
@ MX 10 mail
mail A 10.16.1.11
*.w A 10.16.1.1
*.w A 10.16.1.2
*.w A 10.16.1.3
*.w AAAA fd00:16::1
*.w AAAA fd00:16::2
*.w TXT "one" "two"
*.w MX 5 mail
*.w MX 7 Mail.Elsewhere.Example.
*.w SRV 1 2 443 mail
*.w CAA 0 issue "ca.example"
*.w HTTPS 1 . alpn=h2 ipv4hint=10.16.1.1
*.w TYPE4711 \\# 4 01020304
*.alias CNAME target.w
"""


def sign(folder):
    """The zone with NSEC and signatures: what a DO query gets must come through memory as well."""
    (folder / ZONE).write_text(RANDOM_ZONE, encoding="utf-8")
    run = lambda *command: subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    key = run("ldns-keygen", "-a", "ECDSAP256SHA256", ZONE)
    run("ldns-signzone", "-f", f"{ZONE}.signed", ZONE, key)
    return folder / f"{ZONE}.signed"


@pytest.fixture(scope="module", name="world")
def _world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nsd")
    (folder / HOT).write_text(HOT_ZONE, encoding="utf-8")
    # Children inherit it, as in bad_day: what else the machine does must not be what clients see.
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    with World("e2e-memory") as world, Nsd(world, folder, {HOT: folder / HOT, ZONE: sign(folder)}) as world.nsd:
        yield world
    os.setpriority(os.PRIO_PROCESS, 0, 0)


def rules(**pool):
    endpoints = [{"address": address, "budget": 0} for address in ENDPOINTS]
    model = config(studio=None, dataplane={"cache_size": "256MiB"}, zones=[{"zone": HOT, "pool": VPC}, {"zone": ZONE, "pool": VPC}])
    model["pools"][VPC] |= {"endpoints": endpoints, "health": {"name": HOT, "interval": "1s"}, **pool}
    return model


class Exchange:
    """Asks many questions of one server, a window of them at a time, and gives the answers in the order of the questions."""

    def __init__(self, world, server):
        self.sock = world.socket("client", socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE: a burst of answers, each in a page of its own
        self.sock.connect((server, 53))
        self.sock.setblocking(False)
        self.poll = select.poll()
        self.poll.register(self.sock, select.POLLIN)

    def __call__(self, questions):
        answers = [None] * len(questions)
        missing = set(range(len(questions)))
        for number in missing:
            self.sock.send(struct.pack("!H", number) + questions[number])
        while missing and self.poll.poll(2000):
            answer = self.sock.recv(65535)
            number = struct.unpack("!H", answer[:2])[0]
            missing.discard(number)
            answers[number] = answer[2:]
        assert not missing, f"{len(missing)} of {len(questions)} questions were not answered"
        return answers


def random_question(draw, number):
    """All but the id. Each is another one for the memory: name, type or bits differ."""
    place = draw.choice(["w", "w", "w", "alias", "nothing", ""])
    label = f"x{number}" + ("." + place if place else "")
    text = "".join(draw.choice([c.lower(), c.upper()]) for c in f"{label}.{ZONE}")
    kind = draw.choice(TYPES)
    kind = int(kind[4:]) if kind.startswith("TYPE") else int(dns.rdatatype.from_text(kind))
    flags = 0x0100 | draw.choice([0, 0, 0x10, 0x20])
    edns = draw.choice([b"", b"\0\0\x29\x04\xd0\0\0\0\0\0\0", b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"])
    return struct.pack("!HHHHH", flags, 1, 0, 0, 1 if edns else 0) + wire_name(text) + struct.pack("!HH", kind, 1) + edns


def record_sets(answer):
    sections = []
    for section in (answer.answer, answer.authority, answer.additional):
        sections.append({(rrset.name, rrset.rdtype, rrset.covers): (frozenset(rrset), rrset.ttl) for rrset in section})
    return sections


def is_the_same(hit, direct, question):
    """As sets of records per section, rcode and flags; AA is for what is our own, RA says that we forward, CD is the question's."""
    flags, asked = struct.unpack("!H", direct[:2])[0], struct.unpack("!H", question[:2])[0]
    expected = struct.pack("!H", flags & ~0x0410 | 0x0080 | asked & 0x0010)
    if hit == expected + direct[2:]:
        return True
    ours, theirs = dns.message.from_wire(b"\0\0" + hit), dns.message.from_wire(b"\0\0" + direct)
    if hit[:2] != expected or ours.question != theirs.question or (ours.edns, ours.ednsflags) != (theirs.edns, theirs.ednsflags):
        return False
    for our_section, their_section in zip(record_sets(ours), record_sets(theirs)):
        if our_section.keys() != their_section.keys():
            return False
        for key, (rdatas, ttl) in our_section.items():
            if rdatas != their_section[key][0] or ttl > their_section[key][1]:
                return False
    return True


def test_a_hit_is_what_the_server_said(world):
    """With limits of TTLs that the zone keeps below: they hold for what is sent as well."""
    draw = random.Random(20261123)
    with Penstock(world, rules(cache={"max_negative_ttl": 3600})) as penstock:
        direct, through = Exchange(world, ENDPOINTS[0]), Exchange(world, HOST)
        again = 0
        for begin in range(0, QUESTIONS, 250):
            questions = [random_question(draw, number) for number in range(begin, begin + 250)]
            sent = [as_sent(b"\0\0" + question)[2:] for question in questions]
            answers = [as_answered(b"\0\0" + question, b"\0\0" + answer)[2:] for question, answer in zip(questions, direct(sent))]
            misses = through(questions)
            for question, answer, miss in zip(questions, answers, misses):
                assert miss == answer, f"{question.hex()}: {miss.hex()} instead of {answer.hex()}"
            hits = through(questions)
            for question, answer, hit in zip(questions, answers, hits):
                if hit == answer and answer[0] & 0x04:  # forgotten, or cut by the server: asked of it again
                    again += 1
                else:
                    assert is_the_same(hit, answer, question), f"{question.hex()}: {hit.hex()} instead of {answer.hex()}"
        cached = penstock.metrics().sum("penstock_queries_total", outcome="answered_cached")
        assert cached == QUESTIONS - again
        assert again < QUESTIONS / 4
        assert_settled(penstock)


def test_hot_names_are_renewed_in_time_and_outlive_their_servers(world):
    """200 names at 5,000/s. Once they are known nobody waits for one; without a server everybody has the last answer; with the
    server's return the fresh one."""
    warm, steady = TTL / 2, 2.5 * TTL
    with Penstock(world, rules()) as penstock, Load(world, 5000, warm + steady + OUTAGE + TTL, names=HOT, hot=200, label="h") as load:
        count = lambda outcome: penstock.metrics().sum("penstock_queries_total", outcome=outcome)
        load.wait_until(warm)
        waited = count("forwarded") + count("joined")
        load.wait_until(warm + steady)
        assert count("forwarded") + count("joined") == waited, "a client has waited for a name that everybody asks for"
        assert count("answered_stale") == 0
        world.nsd.stop()
        gone = load.wait_until(warm + steady)
        load.wait_until(warm + steady + OUTAGE)
        assert count("answered_stale") > 0
        begin = time.monotonic()
        world.nsd.start()
        back = time.monotonic()
        time.sleep(1)
        stale = count("answered_stale")
        time.sleep(1)
        assert count("answered_stale") == stale, f"expired answers are given a second after the return ({back - begin:.1f} s to start)"
        seen = record(f"200 hot names at 5,000/s, TTL {TTL} s, no server for {OUTAGE} s", load.result())
        record("the same while there is none", seen.after(gone).before(back))
        assert (seen.lost, seen.servfail) == (0, 0)
        assert seen.answered == seen.asked
        assert_settled(penstock)
