"""tests/e2e/protocol/protocol_test.py - the table of protocol cases (protocol_cases.py), each over UDP and over TCP through both programs.

What the client gets is compared octet by octet, and so is what the endpoint was asked, the ids apart. A case that says silence must
have neither an answer nor, over TCP, a connection that lives on with it unanswered.
"""
import collections
import random
import re
import socket
import struct

import pytest

import protocol_cases
from penstock import Penstock, config
from scripted import Scripted
from waiting import eventually
from wire import end_of_name, question_of, without_id
from world import HOST, HOST6, VPC, World

OFFICE, OFFICE6, INBOUND = "192.168.10.77", "fd00:10::77", "10.16.1.77"
WITHOUT_EDNS = ["192.168.10.78", "192.168.10.79"]  # each is remembered as such: a server for each case


@pytest.fixture(scope="module", name="servers")
def _servers():
    with (World("e2e-protocol") as world, Scripted(world, "public", "eth0", OFFICE, OFFICE6, *WITHOUT_EDNS) as office,
          Scripted(world, VPC, "eni", INBOUND) as inbound):
        for case in protocol_cases.CASES:
            if case.reply is not None:
                for server in (office, inbound):
                    server.script[case.name.lower()] = case.reply
        yield world, office, inbound


def model(**changes):
    # Not the root, which is one of the cases: control's probes of it would be taken for what Penstock asks.
    health = {"name": "probe.office.test", "interval": "600ms", "timeout": "500ms"}
    return config(
        pools={"office": {"kind": "recursive", "endpoints": [OFFICE], "health": health, **changes.pop("office", {})},
               "vpc": {"kind": "route53-inbound", "endpoints": [INBOUND], "health": {**health, "name": "probe.private.test"}},
               "old-1": {"kind": "recursive", "endpoints": WITHOUT_EDNS[:1], "health": health},
               "old-2": {"kind": "recursive", "endpoints": WITHOUT_EDNS[1:], "health": health},
               "v6": {"kind": "recursive", "endpoints": [OFFICE6], "health": health}},
        studio=None, dataplane={"cache_size": 0, "identity": protocol_cases.IDENTITY.decode()}, zones=protocol_cases.ZONES, **{"default": {"pool": "office"}, **changes})


def udp(world, case, server=HOST):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with world.socket("client", family, socket.SOCK_DGRAM) as sock:
        sock.connect((server, 53))
        sock.settimeout(0.15 if case.udp is None else 3)
        sock.send(case.wire)
        try:
            return sock.recv(65535)
        except TimeoutError:
            return None


def tcp(world, case, server=HOST):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with world.socket("client", family, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.3 if case.tcp is None else 3)
        sock.connect((server, 53))
        sock.sendall(struct.pack("!H", len(case.wire)) + case.wire)
        data = b""
        try:
            while len(data) < 2 or len(data) < 2 + struct.unpack_from("!H", data)[0]:
                more = sock.recv(65535)
                if not more:
                    return None
                data += more
        except TimeoutError:
            return None
        return data[2:]


def without_cookie(wire):
    """A server cookie (RFC 9018: version, reserved octets, time, hash) as zeros."""
    return re.sub(rb"(\0\x0a\0\x18.{8})\x01\0{3}.{12}", lambda found: found[1] + bytes(16), wire, flags=re.S)


def run(world, servers, cases, transport, server=HOST):
    """Differences, a line each."""
    wrong = []
    for case in cases:
        for one in servers:
            one.heard.clear()
        case.wire = random.randbytes(2) + case.query[2:] if len(case.query) > 1 else case.query
        expected = case.udp if transport is udp else case.tcp
        got = transport(world, case, server)
        if expected is None:
            if got is not None:
                wrong.append(f"{case}: got {got.hex()}, not silence")
        elif got is None:
            wrong.append(f"{case}: no answer")
        elif got[:2] != case.wire[:2] or without_id(without_cookie(got)) != without_id(expected):
            wrong.append(f"{case}:\n     got {without_id(got).hex()}\n  wanted {without_id(expected).hex()}")
        asked = [query for one in servers for query, over in one.heard if is_of(query, case) and (transport is udp or over == "tcp")]
        seen = [without_id(query) for query in asked]
        sees = case.sees if transport is udp else case.tcp_sees
        if seen != [without_id(query) for query in sees]:
            wrong.append(f"{case}: asked of the endpoint\n     got {[one.hex() for one in seen]}\n"
                         f"  wanted {[without_id(one).hex() for one in sees]}")
    return wrong


def is_of(query, case):
    return bool(question_of(query) or query[12:]) and case.name != b"" and query[12:end_of_name(query, 12)].lower() == case.name.lower()


def test_there_are_enough(servers):
    assert servers
    count = collections.Counter(case.rfc.split()[0] for case in protocol_cases.CASES)
    print(len(protocol_cases.CASES), "cases:", dict(count))
    assert len(protocol_cases.CASES) >= 150
    assert len({str(case) for case in protocol_cases.CASES}) == len(protocol_cases.CASES), "two cases have one description"


@pytest.mark.parametrize("transport", [udp, tcp])
def test_every_case(servers, transport):
    world, *endpoints = servers
    with Penstock(world, model()) as penstock:
        wrong = run(world, endpoints, [case for case in protocol_cases.CASES if not case.settings], transport)
        assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every packet is accounted for")


@pytest.mark.parametrize("transport", [udp, tcp])
def test_cases_with_settings_of_their_own(servers, transport):
    world, *endpoints = servers
    with Penstock(world, model(office=protocol_cases.SETTINGS, updates="office")):
        wrong = run(world, endpoints, [case for case in protocol_cases.CASES if case.settings], transport)
        assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)


@pytest.mark.parametrize("transport", [udp, tcp])
def test_over_ipv6(servers, transport):
    """The addresses are other ones, the messages are not."""
    world, *endpoints = servers
    with Penstock(world, model(default={"pool": "v6"})):
        wrong = run(world, endpoints, [case for case in protocol_cases.CASES if not case.settings][::4], transport, HOST6)
        assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)


