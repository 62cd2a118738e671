"""tests/e2e/protocol/tcp_test.py - DNS over TCP with clients: the slow lane."""
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
from world import HOST, HOST6, STUDIO, STUDIO_PRIVATE, VPC_SERVERS, World

ZONE = "studio.us-east-1.sagemaker.aws"
BUSY6 = "fd00:10::51"  # in the client's /64
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


def test_a_neighbour_does_not_pay_for_a_host_with_too_many_connections(office):
    world, penstock = office
    shed = slow_lane(penstock, "shed_client")
    world.run("client", "ip", "addr", "add", f"{BUSY6}/64", "dev", "eth0", "nodad", "preferred_lft", "0")  # for who binds to it
    busy = [world.socket("client", socket.AF_INET6, socket.SOCK_STREAM) for _ in range(TCP_LIMITS["connections_per_client"] + 4)]
    try:
        for sock in busy:
            sock.bind((BUSY6, 0))
        with Stream(world, HOST6) as neighbour:
            neighbour.send(query_for(STUDIO))
            neighbour.answer()
            for sock in busy:
                sock.connect((HOST6, 53))
            neighbour.send(query_for(STUDIO))
            assert addresses(neighbour.answer()) == STUDIO_PRIVATE
        assert slow_lane(penstock, "shed_client") >= shed + 4
    finally:
        for sock in busy:
            sock.close()
        world.run("client", "ip", "addr", "del", f"{BUSY6}/64", "dev", "eth0")


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
