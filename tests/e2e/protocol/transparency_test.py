"""tests/e2e/protocol/transparency_test.py - a second opinion on forwarding: a direct query to the endpoint against the forwarded one, byte by
byte, over every RR type that NSD can serve (transparency.zone) and over the header's and EDNS's variations. The OPT is not the same:
each hop has its own (tests/support/world/hops.py)."""
import pathlib

import dns.edns
import dns.flags
import dns.message
import dns.rdatatype
import pytest

from client import ask_bytes
from hops import as_answered, as_sent, own_opt, split_opt
from nsd import Nsd
from penstock import Penstock, config
from world import ENDPOINTS, HOST, VPC, World

ZONE_FILE = pathlib.Path(__file__).with_name("transparency.zone")
ZONE = "types.example"


def record_sets():
    lines = (line.split() for line in ZONE_FILE.read_text(encoding="utf-8").splitlines() if line[0] not in ";$")
    return sorted({(ZONE if fields[0] == "@" else f"{fields[0]}.{ZONE}", fields[1]) for fields in lines})


RECORDS = record_sets()


def type_number(text):
    return int(text[4:]) if text.startswith("TYPE") else dns.rdatatype.from_text(text)


@pytest.fixture(scope="module", name="world")
def _world(tmp_path_factory):
    """NSD takes the places of the VPC's two servers."""
    folder = tmp_path_factory.mktemp("nsd")
    model = config(studio=None, clients={"allow_snoop": ["192.168.10.0/24"]}, dataplane={"cache_size": 0, "identity": "none"}, zones=[{"zone": ZONE, "pool": VPC, "cache": "off"}])
    model["pools"][VPC]["health"]["name"] = ZONE
    with World("e2e-types") as world, Nsd(world, folder, {ZONE: ZONE_FILE}), Penstock(world, model):
        yield world


def both_ways(world, query):
    wire = query.to_wire()
    direct = ask_bytes(world, as_sent(wire), server=ENDPOINTS[0])
    forwarded = ask_bytes(world, wire, server=HOST)
    assert direct is not None and forwarded is not None
    assert forwarded.hex() == as_answered(wire, direct).hex()
    return dns.message.from_wire(forwarded)


def test_the_zone_has_every_type_that_nsd_knows():
    assert len({kind for _, kind in RECORDS}) >= 60


@pytest.mark.parametrize("owner,kind", RECORDS, ids=lambda text: text.removesuffix(f".{ZONE}"))
def test_a_type(world, owner, kind):
    answer = both_ways(world, dns.message.make_query(owner, type_number(kind), id=4711))
    assert answer.answer or answer.authority or answer.flags & dns.flags.TC, "NSD does not serve what the zone holds"


@pytest.mark.parametrize("payload", [512, 1232])
@pytest.mark.parametrize("dnssec", [False, True], ids=["", "DO"])
@pytest.mark.parametrize("kind", ["A", "TXT", "ANY", "RRSIG", "TYPE65280"])
def test_edns(world, kind, dnssec, payload):
    both_ways(world, dns.message.make_query(f"a.{ZONE}", type_number(kind), use_edns=0, want_dnssec=dnssec, payload=payload))


@pytest.mark.parametrize("flags", [0, dns.flags.RD, dns.flags.RD | dns.flags.CD, dns.flags.RD | dns.flags.AD, dns.flags.CD])
def test_flags_of_the_header(world, flags):
    query = dns.message.make_query(f"a.{ZONE}", "A")
    query.flags = flags
    both_ways(world, query)


@pytest.mark.parametrize("option", [
    dns.edns.GenericOption(65001, b"unknown"),
    dns.edns.GenericOption(3, b""),
    dns.edns.ECSOption("192.0.2.0", 24),
], ids=["unknown", "NSID", "client subnet"])
def test_options_of_edns(world, option):
    both_ways(world, dns.message.make_query(f"a.{ZONE}", "A", use_edns=0, options=[option]))


def test_an_edns_version_that_nobody_knows(world):
    wire = dns.message.make_query(f"a.{ZONE}", "A", use_edns=1, want_dnssec=True).to_wire()
    rest, opt = split_opt(wire)
    badvers = bytearray(own_opt(opt))
    badvers[5] = 1  # 16, without its lower bits
    expected = rest[:2] + b"\x81\x80" + rest[4:10] + b"\0\1" + rest[12:] + badvers
    assert ask_bytes(world, wire, server=HOST).hex() == expected.hex()


@pytest.mark.parametrize("name", [f"nothing.{ZONE}", f"A.Types.Example", f"*.{ZONE}", f"\\000\\255.{ZONE}", f"{'a' * 63}.{ZONE}"])
@pytest.mark.parametrize("kind", ["A", "MX"])
def test_names(world, name, kind):
    both_ways(world, dns.message.make_query(name, kind))


@pytest.mark.parametrize("payload", [None, 1232], ids=["512 octets", "EDNS 1232"])
def test_an_answer_that_is_too_long_is_cut_the_same_way(world, payload):
    query = dns.message.make_query(f"long.{ZONE}", "TXT", **({"use_edns": 0, "payload": payload} if payload else {}))
    assert both_ways(world, query).flags & dns.flags.TC
