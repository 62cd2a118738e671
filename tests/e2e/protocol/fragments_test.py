"""tests/e2e/protocol/fragments_test.py - datagrams in pieces and with options: queries are answered once, responses asked for again over TCP.

Over IPv4 and IPv6, on AF_XDP ports, where a filter leaves them to the kernel, and on AF_PACKET ports, where the kernel has a copy of everything.
"""
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import pytest

from client import addresses, ask
from penstock import Penstock, config
from streams import Endpoint, answer_to, query_for, slow_lane
from waiting import eventually
from world import CLIENT, CLIENT6, ENDPOINTS, ENDPOINTS6, HOST, HOST6, VPC_SERVERS, World

FAMILIES = {4: (CLIENT, HOST, ENDPOINTS[0], socket.AF_INET), 6: (CLIENT6, HOST6, ENDPOINTS6[0], socket.AF_INET6)}
UDP, HOP_BY_HOP, FRAGMENT, DESTINATION = 17, 0, 44, 60  # next headers of IPv6
MORE = 0x2000
ADDRESS = {"10.16.110.189"}


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-fragments") as world:
        yield world


@pytest.fixture(scope="module", name="penstock", params=["af_xdp", "af_packet"])
def _penstock(world, request):
    """An endpoint for each family, whose address is the test's once Penstock knows it."""
    pools = {f"v{family}": {"kind": "recursive", "endpoints": [of[2]], "health": {"interval": "30s"}} for family, of in FAMILIES.items()}
    model = config(ports=[{"name": "corp", "device": f"{request.param}:corp"}], pools=pools, studio=None, default={"pool": "v4"},
                   zones=[{"zone": f"v{family}.test", "pool": f"v{family}"} for family in FAMILIES])
    with Penstock(world, model) as penstock:
        for server in VPC_SERVERS:
            world.stop(server)
        yield penstock
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every packet is accounted for")
    for server in VPC_SERVERS:
        world.start(server)


def datagram(family, wire, port):
    """With its checksum, behind no IP header."""
    client, host, _, af = FAMILIES[family]
    length = 8 + len(wire)
    pseudo = socket.inet_pton(af, client) + socket.inet_pton(af, host) + struct.pack("!IHBB", length, 0, 0, UDP)
    head = struct.pack("!HHHH", port, 53, length, 0)
    octets = pseudo + head + wire + (b"\0" if length % 2 else b"")
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!HHHH", port, 53, length, ~total & 0xffff) + wire


def v4(payload, options=b"", fragment=0):
    """The kernel fills in length and checksum."""
    return struct.pack("!BBHHHBBH4s4s", 0x40 | (5 + len(options) // 4), 0, 0, 4711, fragment, 64, UDP, 0,
                       socket.inet_aton(CLIENT), socket.inet_aton(HOST)) + options + payload


def v6(payload, *headers, last=UDP):
    """`headers`: of extension, in their order: (which, its octets behind the first)."""
    kinds = [kind for kind, _ in headers] + [last]
    extension = b"".join(bytes([following]) + octets for (_, octets), following in zip(headers, kinds[1:]))
    return struct.pack("!IHBB", 0x60000000, len(extension) + len(payload), kinds[0], 64) + socket.inet_pton(
        socket.AF_INET6, CLIENT6) + socket.inet_pton(socket.AF_INET6, HOST6) + extension + payload


def padding(octets):
    """A header with an option that nobody knows and everybody may step over (RFC 8200 section 4.2)."""
    return bytes([octets // 8 - 1, 0x1e, octets - 4]) + bytes(octets - 4)


def piece(offset, more):
    return FRAGMENT, struct.pack("!BHI", 0, offset | more, 4711)


def options4(whole):
    return [v4(whole, b"\1\1\1\0")]


def pieces4(at):
    return lambda whole: [v4(whole[:at], fragment=MORE), v4(whole[at:], fragment=at // 8)]


def pieces6(at, *before):
    return lambda whole: [v6(whole[:at], *before, piece(0, 1)), v6(whole[at:], *before, piece(at, 0))]


def options_in_pieces(whole):
    both = bytes([UDP]) + padding(8) + whole
    return [v6(both[:1000], piece(0, 1), last=DESTINATION), v6(both[1000:], piece(1000, 0), last=DESTINATION)]


# Family, octets of padding in the query, how it comes.
QUERIES = {
    "IP options": (4, 0, options4),
    "two fragments": (4, 1600, pieces4(1000)),
    "two fragments of less than a frame": (4, 0, pieces4(24)),
    "the second fragment first": (4, 1600, lambda whole: pieces4(1000)(whole)[::-1]),
    "hop-by-hop options": (6, 0, lambda whole: [v6(whole, (HOP_BY_HOP, padding(8)))]),
    "destination options": (6, 0, lambda whole: [v6(whole, (DESTINATION, padding(16)))]),
    "hop-by-hop and destination options": (6, 0, lambda whole: [v6(whole, (HOP_BY_HOP, padding(8)), (DESTINATION, padding(24)))]),
    "one fragment that is all": (6, 0, lambda whole: [v6(whole, piece(0, 0))]),
    "two fragments of IPv6": (6, 1600, pieces6(1000)),
    "two fragments of IPv6, of less than a frame": (6, 0, pieces6(24)),
    "the second fragment of IPv6 first": (6, 1600, lambda whole: pieces6(1000)(whole)[::-1]),
    "fragments behind hop-by-hop options": (6, 1600, pieces6(1000, (HOP_BY_HOP, padding(8)))),
    "destination options within fragments": (6, 1600, options_in_pieces),
}


@pytest.mark.parametrize("how", QUERIES)
def test_a_query_that_is_left_to_the_kernel_is_answered_once(world, penstock, how):
    family, octets, packets = QUERIES[how]
    client, host, endpoint, af = FAMILIES[family]
    query = query_for(f"d-query.v{family}.test")
    if octets:
        query.use_edns(0, payload=1232, options=[dns.edns.GenericOption(65001, b"p" * octets)])
    before = unreachable(world)
    with Endpoint(world, endpoint, udp=answer_to, tcp=answer_to), world.socket("client", af, socket.SOCK_DGRAM) as receiver, \
            world.socket("client", af, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        receiver.bind((client, 0))
        receiver.settimeout(3)
        for packet in packets(datagram(family, query.to_wire(max_size=65535), receiver.getsockname()[1])):
            sender.sendto(packet, (host, 0))
        wire, server = receiver.recvfrom(65535)
        assert server[:2] == (host, 53)
        assert addresses(dns.message.from_wire(wire)) == ADDRESS
        receiver.settimeout(0.1)
        with pytest.raises(TimeoutError):
            receiver.recv(65535)
    assert unreachable(world) == before


def unreachable(world):
    """How often the host's kernel has said so to anybody."""
    return world.run("host", "sh", "-c", "nstat -asz IcmpOutDestUnreachs Icmp6OutDestUnreachs | awk '/Icmp/ {n += $2} END {print n}'").stdout


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("records", [8, 12])  # of 214 octets each: less than a frame may have, and more
def test_a_response_in_fragments_is_asked_again_over_tcp(world, penstock, family, records):
    """And the kernel says to nobody that a port is unreachable."""
    endpoint, name = FAMILIES[family][2], f"d-{records}.pieces.v{family}.test"
    before = unreachable(world)
    count = lambda: penstock.metrics().sum("penstock_responses_total", outcome="asked_over_tcp")  # noqa: E731
    over_tcp = count()
    long = lambda query: answer_to(query, records)  # noqa: E731
    with Endpoint(world, endpoint, udp=long, tcp=long) as server:
        answer = ask(world, name, "TXT", use_edns=0, payload=1232)
        assert answer.flags & dns.flags.TC, "too long for this client over UDP"
        assert len(ask(world, name, "TXT", tcp=True, use_edns=0, payload=1232).answer[0]) == records
        assert len(server.asked["udp"]) == 1 and server.asked["tcp"]
    assert count() > over_tcp
    assert penstock.metrics().sum("penstock_frames_total", **{"class": "fragment"}) >= 1
    assert unreachable(world) == before


IP_OPTIONS, IPV6_HOPOPTS, IPV6_DSTOPTS = 4, 54, 59
RESPONSES = {
    "IP options": (4, socket.IPPROTO_IP, IP_OPTIONS, b"\1\1\1\0"),
    "hop-by-hop options": (6, socket.IPPROTO_IPV6, IPV6_HOPOPTS, b"\0" + padding(8)),
    "destination options": (6, socket.IPPROTO_IPV6, IPV6_DSTOPTS, b"\0" + padding(16)),
}


@pytest.mark.parametrize("how", RESPONSES)
def test_a_response_with_options_is_dropped(world, penstock, how):
    """No server sends one. The kernel, which would read it, does not say that the port is unreachable."""
    family, *option = RESPONSES[how]
    before = unreachable(world)
    with Endpoint(world, FAMILIES[family][2], udp=answer_to) as server, \
            world.socket("client", FAMILIES[family][3], socket.SOCK_DGRAM) as client:
        server.datagrams.setsockopt(*option)
        client.sendto(query_for(f"d-options.v{family}.test").to_wire(), (FAMILIES[family][1], 53))
        eventually(lambda: server.asked["udp"], "the endpoint is asked")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(65535)
    assert unreachable(world) == before


def test_the_slow_lane_has_had_them(penstock):
    assert slow_lane(penstock, "datagram_answers") >= len(QUERIES)
