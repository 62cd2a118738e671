"""tests/e2e/service/local_records_test.py - a second opinion on local records: the same zone file served by NSD and by Penstock. And a
list of a million names to block, and what is built in."""
import random
import socket
import time

import dns.flags
import dns.message
import dns.rdatatype
import pytest

from client import addresses, ask, rcode
from nsd import Nsd
from penstock import Penstock, config
from world import ENDPOINTS, HOST, VPC, World

ZONE = "lab.example"
LABELS = ["a", "b", "c", "d", "e"]
TYPES = ["A", "AAAA", "TXT", "MX", "SRV", "TYPE65280", "HTTPS"]
ASKED = TYPES + ["CNAME", "SOA", "NS", "DS", "PTR"]
QUESTIONS = 4000
BLOCKED = 1_000_000


def data_of(rng, kind):
    return {
        "A": f"10.{rng.randrange(256)}.{rng.randrange(256)}.1",
        "AAAA": f"fd00::{rng.randrange(65536):x}",
        "TXT": f'"text {rng.randrange(1000)}"',
        "MX": f"{rng.randrange(100)} Mail.{ZONE}.",
        "SRV": f"1 2 {rng.randrange(65536)} www.{ZONE}.",
        "TYPE65280": f"\\# 4 {rng.randrange(1 << 32):08x}",
        "HTTPS": "1 . alpn=h2",
    }[kind]


def some_name(rng, labels, most=4):
    return ".".join(rng.choice(labels) for _ in range(rng.randint(1, most)))


def random_zone(rng):
    """The lines of a zone file without a delegation, and the owners in it."""
    owners = sorted({some_name(rng, LABELS + ["*"]) for _ in range(120)} - {"*", "*.*"})
    lines = ["$TTL 300", "@ 3600 SOA Ns admin 7 3600 1200 604800 90", "@ NS ns", "@ MX 5 mail", "ns A 10.0.0.53"]
    for owner in owners:
        if rng.random() < 0.35:
            target = "www.elsewhere.example." if rng.random() < 0.1 else some_name(rng, LABELS) + rng.choice(["", ".gone"])
            # A chain that comes back to itself has no right answer.
            if target < owner:
                lines.append(f"{owner} CNAME {target}")
                continue
        for kind in rng.sample(TYPES, rng.randint(1, 3)):
            lines += sorted({f"{owner} {rng.choice([60, 300])} {kind} {data_of(rng, kind)}" for _ in range(rng.choice([1, 1, 3]))})
    return lines, owners


@pytest.fixture(scope="module", name="zone")
def _zone(tmp_path_factory):
    rng = random.Random(20)
    lines, owners = random_zone(rng)
    file = tmp_path_factory.mktemp("zone") / "lab.zone"
    # One TTL for a set (RFC 2181 section 5.2): NSD gives each record its own.
    ttls = {}
    for i, line in enumerate(lines):
        fields = line.split()
        if len(fields) > 3 and fields[1].isdigit():
            fields[1] = ttls.setdefault((fields[0], fields[2]), fields[1])
            lines[i] = " ".join(fields)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file, owners


@pytest.fixture(scope="module", name="world")
def _world(zone, tmp_path_factory):
    blocked = tmp_path_factory.mktemp("lists") / "blocked.txt"
    with open(blocked, "w", encoding="utf-8") as names:
        names.writelines(f"host-{i}.ads-{i % 997}.example\n" for i in range(BLOCKED))
    model = config(zones=[
        {"zone": ZONE, "zone_file": str(zone[0])},
        {"zone": "office.example", "records": ["printer A 10.1.0.9", "Intranet CNAME printer"]},
        {"zones_file": str(blocked), "answer": "nxdomain"},
        {"zone": "override.example", "answer": ["10.9.9.9", "fd00::99"]},
    ], browser_canaries="nxdomain")
    with World("e2e-local") as world:
        with Nsd(world, tmp_path_factory.mktemp("nsd"), {ZONE: zone[0]}):
            model["pools"][VPC]["health"]["name"] = ZONE
            with Penstock(world, model) as penstock:
                yield world, penstock


def told(message):
    """What is compared: rcode, AA, TC, and the sections as sets; NSD adds the zone's NS to answers, which nobody needs."""
    def records(section):
        return {(rrset.name, rrset.rdtype, rrset.ttl, rdata) for rrset in section for rdata in rrset}

    flags = message.flags & (dns.flags.AA | dns.flags.TC)
    authority = {one for one in records(message.authority) if one[1] != dns.rdatatype.NS}
    return message.rcode(), flags, records(message.answer), authority


def questions(rng, owners):
    for _ in range(QUESTIONS):
        owner = rng.choice(owners) if rng.random() < 0.6 else some_name(rng, LABELS, 5)
        if rng.random() < 0.4:
            owner = owner.replace("*", rng.choice(LABELS + ["x", "y.z"]))
        if rng.random() < 0.2:
            owner = f"{rng.choice(LABELS + ['new', '*'])}.{owner}"
        if rng.random() < 0.2 and "." in owner:
            owner = owner.split(".", 1)[1]  # perhaps an empty non-terminal
        name = ZONE if rng.random() < 0.02 else f"{owner}.{ZONE}"
        if rng.random() < 0.3:
            name = "".join(rng.choice([c.upper(), c]) for c in name)
        kind = rng.choice(ASKED)
        yield name, int(kind[4:]) if kind.startswith("TYPE") else dns.rdatatype.from_text(kind)


def test_answers_are_those_of_nsd(world, zone):
    world, penstock = world
    rng = random.Random(21)
    seen = {}
    with world.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as to_nsd, \
            world.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as to_penstock:
        for sock, server in ((to_nsd, ENDPOINTS[0]), (to_penstock, HOST)):
            sock.settimeout(4)
            sock.connect((server, 53))
        for name, kind in questions(rng, zone[1]):
            query = dns.message.make_query(name, kind, use_edns=0, payload=1232)
            wire = query.to_wire()
            answers = []
            for sock in (to_nsd, to_penstock):
                sock.send(wire)
                answers.append(dns.message.from_wire(sock.recv(65535)))
            nsd, ours = answers
            assert told(ours) == told(nsd), f"{name} {dns.rdatatype.to_text(kind)}\n--- NSD\n{nsd}\n--- Penstock\n{ours}"
            assert ours.id == query.id and ours.flags & dns.flags.RA
            assert ours.question[0].name.to_text() == query.question[0].name.to_text(), "the spelling changed"
            what = (nsd.rcode(), bool(nsd.answer), bool(nsd.authority), any(s.rdtype == dns.rdatatype.CNAME for s in nsd.answer))
            seen[what] = seen.get(what, 0) + 1
    print(f"\nlocal records: {QUESTIONS} questions, (rcode, answer, authority, CNAME): {seen}")
    # All kinds must have come up, or the zone proves nothing.
    for what in ((0, True, True, False), (0, False, True, False), (3, False, True, False), (0, True, True, True), (3, True, True, True)):
        assert seen.get(what, 0) >= 10, f"{what}: {seen}"
    metrics = penstock.metrics()
    assert metrics.sum("penstock_queries_total", outcome="answered_local") >= QUESTIONS
    assert metrics.sum("penstock_accounting_residual") == 0


def test_records_of_the_yaml(world):
    world, _ = world
    answer = ask(world, "INTRANET.office.example")
    assert addresses(answer) == {"10.1.0.9"} and answer.flags & dns.flags.AA
    assert rcode(ask(world, "x.office.example")) == "NXDOMAIN"
    # Asked without RD: also then, the zone is ours.
    query = dns.message.make_query("printer.office.example", "A")
    query.flags = 0
    with world.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(4)
        sock.connect((HOST, 53))
        sock.send(query.to_wire())
        assert addresses(dns.message.from_wire(sock.recv(65535))) == {"10.1.0.9"}


def test_a_million_names_are_blocked(world):
    world, penstock = world
    for i in (0, 1, 4711, BLOCKED - 1):
        answer = ask(world, f"www.host-{i}.ads-{i % 997}.example")
        assert rcode(answer) == "NXDOMAIN" and not answer.flags & dns.flags.AA
        assert answer.authority[0].name.to_text() == f"host-{i}.ads-{i % 997}.example."
        assert answer.authority[0].rdtype == dns.rdatatype.SOA and answer.authority[0].ttl == 60
    assert penstock.metrics().sum("penstock_queries_total", outcome="answered_nxdomain") >= 4


def test_addresses_of_a_rule(world):
    world, _ = world
    assert addresses(ask(world, "any.override.example")) == {"10.9.9.9"}
    assert addresses(ask(world, "override.example", "AAAA")) == {"fd00::99"}
    assert not ask(world, "override.example", "MX").answer


@pytest.mark.parametrize("name,kind,expected", [
    ("localhost", "A", {"127.0.0.1"}), ("db.localhost", "AAAA", {"::1"}), ("printer.invalid", "A", "NXDOMAIN"),
    ("x.onion", "A", "NXDOMAIN"), ("_dns.resolver.arpa", "SVCB", set()), ("use-application-dns.net", "A", "NXDOMAIN"),
    ("3.0.0.127.in-addr.arpa", "PTR", "NXDOMAIN"), ("7.0.in-addr.arpa", "PTR", "NXDOMAIN"),
])
def test_what_is_built_in(world, name, kind, expected):
    world, _ = world
    answer = ask(world, name, kind)
    if isinstance(expected, str):
        assert rcode(answer) == expected
    else:
        assert rcode(answer) == "NOERROR" and addresses(answer) == expected


def test_a_reload_changes_the_records(world):
    world, penstock = world
    model = dict(penstock.model)
    model["zones"] = [dict(zone, records=["printer A 10.1.0.10"]) if zone.get("zone") == "office.example" else zone
                      for zone in model["zones"]]
    penstock.write(model)
    began = time.monotonic()
    penstock.ctl("reload")
    print(f"\nreload with a million blocked names: {time.monotonic() - began:.1f} s")
    assert addresses(ask(world, "printer.office.example")) == {"10.1.0.10"}
    model["zones"][1]["records"] = ["printer A 10.1.0"]
    penstock.write(model)
    refused = penstock.ctl_run("reload")
    assert refused.returncode == 1 and "is not a record" in refused.stdout + refused.stderr
    assert addresses(ask(world, "printer.office.example")) == {"10.1.0.10"}
    checked = penstock.ctl_run("check", penstock.file)
    assert checked.returncode == 1 and "zones[1].records: 'printer A 10.1.0' is not a record" in checked.stderr
