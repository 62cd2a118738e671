"""tests/e2e/protocol/tcp_endpoints_test.py - DNS over TCP with endpoints: connections, what UDP cut short, and what must not get out."""
import re
import socket
import subprocess
import time

import dns.flags
import dns.message
import dns.rrset
import pytest

from client import addresses, ask, rcode
from penstock import Penstock, config
from streams import Endpoint, Stream, answer_to, framed, query_for, slow_lane
from waiting import eventually
from world import ENDPOINTS, HOST, VPC, VPC_SERVERS, World

ONE = ENDPOINTS[0]
ZONE = "studio.us-east-1.sagemaker.aws"


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-tcp-ends") as world:
        yield world


@pytest.fixture(scope="module", name="one")
def _one(world):
    """One endpoint, so that a test knows who is asked: its address is the test's once Penstock knows it. resolve_tc is on."""
    model = config(dataplane={"cache_size": "4MiB", "tcp": {"connections_per_client": 10_000}})
    model["pools"][VPC] = {"kind": "route53-inbound", "endpoints": [ONE], "resolve_tc": True, "cache": {"stale": "off"},
                            "health": {"interval": "30s"}}
    with Penstock(world, model) as penstock:
        for server in VPC_SERVERS:
            world.stop(server)
        yield penstock
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every packet is accounted for")


@pytest.fixture(autouse=True)
def _tried_again():
    """A connection that was refused when the last test's endpoint left is tried again after 10 ms."""
    time.sleep(0.05)


def test_answers_leave_as_they_come(world, one):
    """The first is held back until the second is there, on one connection."""
    held = []

    def slowly(query):
        if str(query.question[0].name).startswith("d-first"):
            held.append(query)
            return None
        return answer_to(query)

    with Endpoint(world, ONE, udp=answer_to, tcp=slowly), Stream(world) as stream:
        stream.send(query_for(f"d-first.{ZONE}"), query_for(f"d-second.{ZONE}"))
        assert str(stream.answer().question[0].name) == f"d-second.{ZONE}."
        assert addresses(stream.answer()) == {"10.16.110.189"}  # of UDP, as TCP brings none
    assert held and one.metrics().sum("penstock_endpoint_timeouts_total", address=ONE) == 0


def test_a_server_that_closes_after_each_answer(world, one):
    answered = []

    def once(query):
        if len(answered) % 2:
            answered.append(None)
            return b"close"
        answered.append(query)
        return answer_to(query)

    with Endpoint(world, ONE, udp=answer_to, tcp=once) as server, Stream(world) as stream:
        names = [f"d-{i}.close.{ZONE}" for i in range(6)]
        stream.send(*[query_for(name) for name in names])
        assert {str(stream.answer().question[0].name) for _ in names} == {name + "." for name in names}
        assert server.connections > 1
    assert slow_lane(one, "upstream_resent") > 0


def test_a_truncated_answer_is_fetched_over_tcp_and_remembered(world, one):
    name = f"d-truncated.{ZONE}"
    with Endpoint(world, ONE, udp=lambda query: answer_to(query, flags=dns.flags.TC), tcp=lambda query: answer_to(query, 3)) as server:
        answer = ask(world, name, "TXT", use_edns=0, payload=1232)
        assert not answer.flags & dns.flags.TC and len(answer.answer[0]) == 3
        assert (len(server.asked["udp"]), len(server.asked["tcp"])) == (1, 1)
        assert len(ask(world, name, "TXT", tcp=True, use_edns=0, payload=1232).answer[0]) == 3
        assert (len(server.asked["udp"]), len(server.asked["tcp"])) == (1, 1)
    assert one.metrics().sum("penstock_responses_total", outcome="asked_over_tcp") >= 1


def test_an_answer_of_sixty_kilobytes(world, one):
    with Endpoint(world, ONE, udp=lambda query: answer_to(query, flags=dns.flags.TC), tcp=lambda query: answer_to(query, 270)):
        assert len(ask(world, f"d-long.{ZONE}", "TXT", tcp=True).answer[0]) == 270


def test_an_endpoint_without_tcp(world, one):
    """A client over UDP hears that it was truncated, one over TCP what UDP brings; others over UDP notice nothing."""
    def truncated(query):
        return answer_to(query, flags=dns.flags.TC if "cut" in str(query.question[0].name) else 0)

    before = one.metrics().sum("penstock_endpoint_timeouts_total", address=ONE)
    with Endpoint(world, ONE, udp=truncated):
        assert ask(world, f"d-cut.without.{ZONE}").flags & dns.flags.TC
        assert addresses(ask(world, f"d-0.without.{ZONE}", tcp=True)) == {"10.16.110.189"}
        assert rcode(ask(world, f"d-cut-0.without.{ZONE}", tcp=True)) == "SERVFAIL"
        for i in range(10):
            assert addresses(ask(world, f"d-{i}.without.{ZONE}", timeout=0.5)) == {"10.16.110.189"}
    assert one.metrics().sum("penstock_endpoint_timeouts_total", address=ONE) == before


def test_an_endpoint_that_refuses_connections_is_told_at_once(world, one):
    """Nobody waits for the end of his patience, 1.8 s."""
    def truncated(query):
        return answer_to(query, flags=dns.flags.TC if "cut" in str(query.question[0].name) else 0)

    with Endpoint(world, ONE, udp=truncated):
        begin = time.monotonic()
        assert addresses(ask(world, f"d-0.refuses.{ZONE}", tcp=True)) == {"10.16.110.189"}
        assert rcode(ask(world, f"d-cut-0.refuses.{ZONE}", tcp=True)) == "SERVFAIL"
        assert ask(world, f"d-cut.refuses.{ZONE}").flags & dns.flags.TC
        assert time.monotonic() - begin < 0.9


class OneAtATime(Endpoint):
    """Takes one message a read and drops what came with it; with `only_first` it answers the first of a connection alone. UDP is silent."""
    def __init__(self, world, address, only_first):
        super().__init__(world, address, udp=lambda query: None if str(query.question[0].name).startswith("d-") else answer_to(query), tcp=answer_to)
        self.only_first, self.heard = only_first, set()

    def stream(self, sock, streams):
        octets = sock.recv(65535)
        if not octets:
            streams.pop(sock)
            self.heard.discard(sock)
            sock.close()
        elif not self.only_first or sock not in self.heard:
            self.heard.add(sock)
            length = int.from_bytes(octets[:2], "big")
            sock.sendall(framed(answer_to(self.note("tcp", octets[2:2 + length]))))


@pytest.mark.parametrize("only_first", [False, True], ids=["one message a read", "the first of a connection"])
def test_a_server_that_does_not_bear_many_queries_on_a_connection(world, one, only_first):
    """RFC 7766 section 6.2: each is asked on a connection of its own, and after a while at once."""
    kind = "first" if only_first else "read"
    with OneAtATime(world, ONE, only_first):
        for turn in range(2):
            begin = time.monotonic()
            with Stream(world) as stream:
                names = [f"d-{turn}-{i}.{kind}.{ZONE}" for i in range(8)]
                stream.send(*[query_for(name) for name in names])
                assert [rcode(stream.answer()) for _ in names] == ["NOERROR"] * 8
            assert time.monotonic() - begin < 1.5
            time.sleep(0.9)
        endpoint = [row for row in one.ctl("endpoints")["endpoints"] if row["address"] == ONE][0]
        assert endpoint["tcp_connections"] != "shared"
        begin = time.monotonic()
        with Stream(world) as stream:
            names = [f"d-known-{i}.{kind}.{ZONE}" for i in range(40)]
            stream.send(*[query_for(name) for name in names])
            assert [rcode(stream.answer()) for _ in names] == ["NOERROR"] * 40
        assert time.monotonic() - begin < 1.7
    assert slow_lane(one, "upstream_alone") >= 2


def test_where_one_of_two_refuses_connections_the_other_answers(world, one):
    model = one.model
    one.write({**model, "pools": {**model["pools"], VPC: {**model["pools"][VPC], "endpoints": ENDPOINTS}}})
    one.ctl("reload")
    with Endpoint(world, ONE, udp=answer_to), Endpoint(world, ENDPOINTS[1], udp=answer_to, tcp=answer_to) as other:
        begin = time.monotonic()
        for i in range(20):
            assert addresses(ask(world, f"d-{i}.one-of-two.{ZONE}", tcp=True)) == {"10.16.110.189"}
        assert time.monotonic() - begin < 1.5
        assert len(other.asked["tcp"]) == 20
    one.write(model)
    one.ctl("reload")


def unreachable(world):
    """How often the host's kernel has said so to anybody."""
    return int(world.run("host", "sh", "-c", "nstat -asz IcmpOutDestUnreachs | awk '/Icmp/ {print $2}'").stdout)


def test_a_response_that_is_late_for_the_rules_is_not_told_that_its_port_is_unreachable(world, one):
    before, model = unreachable(world), one.model
    with Endpoint(world, ONE, udp=lambda query: None if "late" in str(query.question[0].name) else answer_to(query)) as server:
        with world.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(query_for(f"d-late.{ZONE}").to_wire(), (HOST, 53))
            eventually(lambda: server.asked["udp"], "the endpoint is asked")
        asked = server.last_client
        one.write({**model, "pools": {**model["pools"], VPC: {**model["pools"][VPC], "endpoints": [ENDPOINTS[1]]}}})
        one.ctl("reload")
        server.datagrams.sendto(answer_to(server.asked["udp"][0]), asked)
        # To a port that is nobody's, as proof that the kernel does speak of those.
        server.datagrams.sendto(answer_to(server.asked["udp"][0]), (asked[0], 40))
        eventually(lambda: unreachable(world) > before, "the kernel says that port 40 is unreachable")
        assert unreachable(world) == before + 1
        one.write(model)
        one.ctl("reload")


def test_the_guard_judges_what_came_over_tcp(world, one):
    def outside(query):
        response = dns.message.make_response(query, recursion_available=True)
        response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "54.84.43.253"))
        return response.to_wire()

    blocked = one.metrics().sum("penstock_guarded_responses_total", outcome="blocked")
    with Endpoint(world, ONE, udp=outside, tcp=outside):
        assert rcode(ask(world, f"d-leak.{ZONE}", tcp=True)) == "SERVFAIL"
    assert one.metrics().sum("penstock_guarded_responses_total", outcome="blocked") == blocked + 1


def test_a_private_zone_fails_closed_over_tcp(world, one):
    public = world.asked("public")
    assert rcode(ask(world, f"d-closed.{ZONE}", tcp=True)) == "SERVFAIL"
    assert world.asked("public") == public
    assert one.dataplane.running()


def test_a_reader_that_does_not_read_is_cut_off(world, one):
    long = answer_to(query_for(f"d-big.{ZONE}", "TXT"), 270)[2:]  # written once: the server must not be the slow one
    with Endpoint(world, ONE, udp=answer_to, tcp=lambda query: query.id.to_bytes(2, "big") + long), Stream(world, receive_buffer=4096) as stream:
        ask(world, f"d-big.{ZONE}", "TXT", tcp=True)
        stream.sock.setblocking(False)
        try:
            for _ in range(2000):
                stream.send(query_for(f"d-big.{ZONE}", "TXT"))
        except OSError:
            pass
        eventually(lambda: slow_lane(one, "slow_reader") >= 1, "the reader is cut off", 12, 0.2)
        assert addresses(ask(world, f"d-after.{ZONE}", timeout=1)) == {"10.16.110.189"}


OPEN_MANY = """
import resource, socket, struct, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (11000, 11000))
wire = bytes.fromhex(sys.argv[2])
streams = [socket.create_connection((sys.argv[1], 53), 5) for _ in range(10000)]
for stream in streams:
    stream.sendall(struct.pack("!H", len(wire)) + wire)
print(sum(len(stream.recv(65535)) > len(wire) for stream in streams), flush=True)
sys.stdin.read()
"""


def resident(penstock):
    """MiB of the dataplane."""
    with open(f"/proc/{penstock.dataplane.child.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def test_ten_thousand_connections(world, one):
    """Each with a query and its answer."""
    with Endpoint(world, ONE, udp=answer_to, tcp=answer_to):
        ask(world, f"d-many.{ZONE}")
    before, begin = resident(one), time.monotonic()
    wire = query_for(f"d-many.{ZONE}").to_wire().hex()
    with subprocess.Popen(world.inside("client", "/usr/bin/python3", "-c", OPEN_MANY, HOST, wire), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as many:
        assert int(many.stdout.readline()) == 10_000
        assert one.metrics().sum("penstock_tcp_connections") == 10_000
        more = resident(one) - before
        print(f"10,000 connections: {more:.1f} MiB more than {before:.1f}, opened, asked and answered in {time.monotonic() - begin:.1f} s")
        assert more < 256
        many.stdin.close()
    eventually(lambda: one.metrics().sum("penstock_tcp_connections") == 0, "all are closed")


def test_an_endpoint_that_is_silent_over_tcp_is_asked_over_udp(world, one):
    """And by UDP at once when that has turned out, so this test is the last of this endpoint."""
    with Endpoint(world, ONE, udp=answer_to, tcp=lambda query: None) as server, Stream(world) as stream:
        begin = time.monotonic()
        names = [f"d-{i}.silent.{ZONE}" for i in range(40)]
        stream.send(*[query_for(name) for name in names])
        assert {rcode(stream.answer()) for _ in names} == {"NOERROR"}
        assert time.monotonic() - begin < 1.8
        for i in range(10):
            assert addresses(ask(world, f"d-{i}.known.{ZONE}", tcp=True)) == {"10.16.110.189"}
        assert len({query.question[0].name for query in server.asked["tcp"] if ".known." in str(query.question[0].name)}) < 5
