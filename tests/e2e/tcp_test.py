"""tests/e2e/tcp_test.py - DNS over TCP with clients, and UDP that the kernel puts together: the slow lane."""
import socket
import struct
import time

import dns.edns
import dns.message
import pytest

from client import addresses, ask, rcode
from penstock import Penstock, config
from streams import Stream, framed, query_for, slow_lane
from waiting import eventually
from world import CLIENT, HOST, HOST6, STUDIO, STUDIO_PRIVATE, VPC_SERVERS, World

ZONE = "studio.us-east-1.sagemaker.aws"
TCP_LIMITS = {"connections": 40, "connections_per_client": 30, "idle_timeout": "1s"}


@pytest.fixture(scope="module", name="office")
def _office():
    with World("e2e-tcp") as world, Penstock(world, config(dataplane={"cache_size": 0, "tcp": TCP_LIMITS})) as penstock:
        yield world, penstock
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every packet is accounted for")


@pytest.mark.parametrize("server", [HOST, HOST6])
def test_a_private_name_goes_over_tcp_to_the_vpc_and_nobody_else(office, server):
    world, penstock = office
    vpc, public, sent = penstock.asked_vpc(), world.asked("public"), slow_lane(penstock, "upstream_queries")
    assert addresses(ask(world, STUDIO, server=server, tcp=True)) == STUDIO_PRIVATE
    assert (penstock.asked_vpc(), world.asked("public")) == (vpc + 1, public)
    assert slow_lane(penstock, "upstream_queries") == sent + 1
    assert sum(world.counters(one).get("num.query.tcp", 0) for one in VPC_SERVERS) > 0


def test_any_other_name_goes_to_the_corporate_resolver(office):
    world, _ = office
    assert addresses(ask(world, "www.example.com", tcp=True)) == {"93.184.215.14"}


def test_dig_and_its_keepopen(office):
    world, _ = office
    done = world.run("client", "dig", "+tcp", "+keepopen", "+tries=1", "+time=3", f"@{HOST}", "+short", STUDIO, "www.example.com")
    assert set(done.stdout.split()) == STUDIO_PRIVATE | {"93.184.215.14"}


def test_connections_are_used_again_on_both_sides(office):
    world, penstock = office
    ask(world, STUDIO, tcp=True)
    ask(world, STUDIO, tcp=True)
    accepted, connects = slow_lane(penstock, "accepted"), slow_lane(penstock, "upstream_connects")
    with Stream(world) as stream:
        for i in range(100):
            stream.send(query_for(f"d-{i}.{ZONE}"))
            assert addresses(stream.answer()) == STUDIO_PRIVATE
    assert slow_lane(penstock, "accepted") == accepted + 1
    assert slow_lane(penstock, "upstream_connects") - connects <= 2


def test_a_hundred_in_one_segment(office):
    world, _ = office
    with Stream(world) as stream:
        queries = [query_for(f"d-{i}.{ZONE}") for i in range(300)]
        for number, query in enumerate(queries):
            query.id = number
        stream.send(*queries)
        assert sorted(stream.answer().id for _ in queries) == list(range(300))


def test_octet_by_octet(office):
    world, _ = office
    with Stream(world) as stream:
        for octet in framed(query_for(STUDIO).to_wire()):
            stream.sock.sendall(bytes([octet]))
            time.sleep(0.002)
        assert addresses(stream.answer()) == STUDIO_PRIVATE


def test_who_closes_his_side_still_gets_his_answers(office):
    world, _ = office
    with Stream(world) as stream:
        stream.send(query_for(STUDIO))
        stream.sock.shutdown(socket.SHUT_WR)
        assert addresses(stream.answer()) == STUDIO_PRIVATE
        assert stream.is_closed(1)


def test_an_idle_connection_is_closed_and_a_used_one_is_not(office):
    world, penstock = office
    with Stream(world) as idle, Stream(world) as used:
        begin = time.monotonic()
        while time.monotonic() - begin < 1.6:
            used.send(query_for(STUDIO))
            used.answer()
            time.sleep(0.1)
        assert idle.is_closed(0)
        used.send(query_for(STUDIO))
        used.answer()
    assert slow_lane(penstock, "idle_closed") >= 1


@pytest.mark.parametrize("octets", [b"\0\0", b"\0\x0b" + b"x" * 11, b"\xff\xff"], ids=["length 0", "no header", "too long"])
def test_what_is_no_message_ends_the_connection(office, octets):
    world, _ = office
    with Stream(world) as stream:
        stream.sock.sendall(octets)
        assert stream.is_closed(0.8)


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
@pytest.mark.parametrize("name", [ZONE, "example.com"])
def test_transfers_are_refused(office, kind, name):
    world, penstock = office
    before = penstock.metrics().sum("penstock_queries_total", outcome="refused_transfer")
    with Stream(world) as stream:
        stream.send(query_for(name, kind))
        assert rcode(stream.answer()) == "REFUSED"
    assert penstock.metrics().sum("penstock_queries_total", outcome="refused_transfer") == before + 1


def test_a_client_with_too_many_connections_loses_its_idlest(office):
    world, penstock = office
    streams = [Stream(world) for _ in range(29)]
    try:
        streams[0].send(query_for(STUDIO))
        streams[0].answer()
        streams += [Stream(world) for _ in range(3)]
        assert streams[1].is_closed(0.5) and streams[2].is_closed(0.5)
        assert not streams[0].is_closed(0)
        streams[-1].send(query_for(STUDIO))
        assert addresses(streams[-1].answer()) == STUDIO_PRIVATE
    finally:
        for stream in streams:
            stream.sock.close()
    assert slow_lane(penstock, "shed_client") >= 2


def raw_udp(source, destination, wire, port):
    """The datagram, with its checksum, behind no IP header."""
    length = 8 + len(wire)
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, 17, length)
    head = struct.pack("!HHHH", port, 53, length, 0)
    octets = pseudo + head + wire + (b"\0" if length % 2 else b"")
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!HHHH", port, 53, length, ~total & 0xffff) + wire


def ip_packet(payload, options=b"", fragment=0):
    """The kernel fills in length and checksum."""
    return struct.pack("!BBHHHBBH4s4s", 0x40 | (5 + len(options) // 4), 0, 0, 4711, fragment, 64, 17, 0,
                       socket.inet_aton(CLIENT), socket.inet_aton(HOST)) + options + payload


def padded_query(octets):
    query = query_for(STUDIO)
    query.use_edns(0, payload=1232, options=[dns.edns.GenericOption(65001, b"p" * octets)])
    return query


@pytest.mark.parametrize("options,cut", [(b"\x01\x01\x01\x00", None), (b"", 1000)], ids=["IP options", "two fragments"])
def test_udp_that_is_left_to_the_kernel_is_answered(office, options, cut):
    world, penstock = office
    answered = slow_lane(penstock, "datagram_answers")
    query = padded_query(1600 if cut else 0)
    with world.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as receiver, \
            world.socket("client", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        receiver.bind((CLIENT, 0))
        receiver.settimeout(3)
        datagram = raw_udp(CLIENT, HOST, query.to_wire(max_size=65535), receiver.getsockname()[1])
        if cut:
            sender.sendto(ip_packet(datagram[:cut], fragment=0x2000), (HOST, 0))
            sender.sendto(ip_packet(datagram[cut:], fragment=cut // 8), (HOST, 0))
        else:
            sender.sendto(ip_packet(datagram, options), (HOST, 0))
        wire, server = receiver.recvfrom(65535)
    assert server == (HOST, 53)
    assert addresses(dns.message.from_wire(wire)) == STUDIO_PRIVATE
    assert slow_lane(penstock, "datagram_answers") == answered + 1


def test_a_long_query_over_ipv6_comes_in_fragments_and_is_answered(office):
    world, penstock = office
    answered = slow_lane(penstock, "datagram_answers")
    with world.socket("client", socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        sock.sendto(padded_query(2000).to_wire(max_size=65535), (HOST6, 53))
        wire, server = sock.recvfrom(65535)
    assert server[0] == HOST6
    assert addresses(dns.message.from_wire(wire)) == STUDIO_PRIVATE
    assert slow_lane(penstock, "datagram_answers") == answered + 1


def test_who_asks_how_long_an_idle_connection_stays_is_told(office):
    """RFC 7828, in units of 100 ms; only over TCP, and only who asks."""
    world, _ = office

    def keepalive(answer):
        return [option.data for option in answer.options if option.otype == 11]

    asking = {"use_edns": 0, "options": [dns.edns.GenericOption(11, b"")]}
    assert keepalive(ask(world, STUDIO, tcp=True, **asking)) == [b"\0\x0a"]
    assert keepalive(ask(world, "example.org", "AXFR", tcp=True, **asking)) == [b"\0\x0a"]
    assert not keepalive(ask(world, STUDIO, tcp=True, use_edns=0))
    assert not keepalive(ask(world, STUDIO, **asking))


def test_counters_are_in_status(office):
    _, penstock = office
    status = penstock.ctl("status")
    assert status["dataplane"]["slow_lane"]["queries"] > 0
    limits = {row["name"]: row["limit"] for row in status["limits"]}
    assert limits["connections of clients"] == TCP_LIMITS["connections"]
