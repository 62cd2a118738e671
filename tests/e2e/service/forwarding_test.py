"""tests/e2e/service/forwarding_test.py - the article's office, one interface, one lcore: who answers what, and what stays the kernel's."""
import shutil
import socket
import threading

import dns.flags
import dns.message
import dns.rdatatype
import pytest

from client import addresses, ask, ask_bytes, rcode
from penstock import Penstock, config
from waiting import eventually
from world import HOST, HOST6, RESOLVER, STUDIO, STUDIO_PRIVATE, STUDIO_PUBLIC, ZONES, World

PRIVATE = {
    STUDIO: STUDIO_PRIVATE,
    "app.studio.us-east-1.sagemaker.aws": STUDIO_PRIVATE,
    "studio.us-east-1.sagemaker.aws": STUDIO_PRIVATE,
    "api.sagemaker.us-east-1.amazonaws.com": {"10.16.110.21", "10.16.46.22"},
    "runtime.sagemaker.us-east-1.amazonaws.com": {"10.16.110.31", "10.16.46.32"},
}


LINKS = 30  # more CNAMEs of one zone Unbound does not put into an answer


@pytest.fixture(scope="module", name="office")
def _office(tmp_path_factory):
    zones = tmp_path_factory.mktemp("zones") / "public"
    shutil.copytree(ZONES / "public", zones)
    aliases = [f"a{i} CNAME {f'a{i - 1}' if i > 1 else STUDIO + '.'}" for i in range(1, LINKS + 1)]
    (zones / "chain.example.zone").write_text("\n".join(["$TTL 60", "@ SOA ns admin 1 3600 900 86400 60", "@ NS ns", *aliases, ""]), encoding="utf-8")
    with World("e2e-forward", "--public-zones", zones) as world, Penstock(world, config()) as penstock:
        yield world, penstock


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("server", [HOST, HOST6])
def test_a_studio_name_is_answered_by_the_vpc_and_nobody_else(office, name, server):
    world, penstock = office
    vpc, public = penstock.asked_vpc(), world.asked("public")
    answer = ask(world, name, server=server)
    assert addresses(answer) == PRIVATE[name]
    assert {rrset.ttl for rrset in answer.answer} <= set(range(61))
    assert penstock.asked_vpc() == vpc + 1
    assert world.asked("public") == public


@pytest.mark.parametrize("links", [1, 8, 16, 17, 20, LINKS])
def test_an_alias_of_a_studio_name_leads_to_the_vpc_however_long_the_way_is(office, links):
    world, _ = office
    name = f"a{links}.chain.example"
    assert addresses(ask(world, name, server=RESOLVER, use_edns=0)) == STUDIO_PUBLIC, "what the office's own resolver makes of it"
    answer = ask(world, name, use_edns=0)
    assert addresses(answer) == STUDIO_PRIVATE
    assert sum(len(rrset) for rrset in answer.answer if rrset.rdtype == dns.rdatatype.CNAME) == links


@pytest.mark.parametrize("name,kind,expected", [
    ("www.example.com", "A", {"93.184.215.14"}),
    ("www.example.com", "AAAA", {"2606:2800:21f:cb07:6820:80da:af6b:8b2c"}),
    ("example.com", "A", {"93.184.215.14"}),
    ("nothing.example.org", "A", set()),
    ("sagemaker.aws", "A", set()),
    ("notstudio.us-east-1.sagemaker.aws", "A", set()),
    ("below.api.sagemaker.us-east-1.amazonaws.com", "A", set()),
])
def test_any_other_name_is_answered_by_the_corporate_resolver_and_nobody_else(office, name, kind, expected):
    world, penstock = office
    vpc, public = penstock.asked_vpc(), world.asked("public")
    assert addresses(ask(world, name, kind)) == expected
    assert world.asked("public") == public + 1
    assert penstock.asked_vpc() == vpc


def test_a_name_comes_back_spelled_as_it_was_asked(office):
    world, _ = office
    query = dns.message.make_query("D-sQ9DJT5lr5PC.sTuDiO.US-east-1.SageMaker.AWS", "A")
    answer = dns.message.from_wire(ask_bytes(world, query.to_wire()))
    assert str(answer.question[0].name) == "D-sQ9DJT5lr5PC.sTuDiO.US-east-1.SageMaker.AWS."
    assert answer.id == query.id
    assert answer.flags & dns.flags.RA


def test_metrics_count_what_the_servers_count(office):
    world, penstock = office
    before, vpc = penstock.metrics(), penstock.asked_vpc()
    for _ in range(20):
        ask(world, STUDIO)
    after = penstock.metrics()
    assert penstock.asked_vpc() - vpc == 20

    def rose(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)

    assert rose("penstock_queries_total", outcome="forwarded") == 20
    assert rose("penstock_responses_total", outcome="returned") == 20
    retries = rose("penstock_retries_total", outcome="sent")
    assert rose("penstock_endpoint_queries_total", pool="studio-us-east-1") == 20 + retries
    assert rose("penstock_endpoint_queries_total", pool="corporate") == 0
    assert rose("penstock_transmitted_frames_total", outcome="sent") == 40 + retries
    eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")


def test_both_endpoints_are_used(office):
    world, _ = office
    before = [world.asked(f"studio-us-east-1-{n}") for n in (1, 2)]
    for _ in range(60):
        ask(world, STUDIO)
    after = [world.asked(f"studio-us-east-1-{n}") for n in (1, 2)]
    assert all(now > then for now, then in zip(after, before)), (before, after)


@pytest.mark.parametrize("wire,expected", [
    (b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www", "FORMERR"),
    (b"\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01", "NOTIMP"),
    (b"\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01", None),
    (b"\x12\x34\x01", None),
], ids=["cut short", "opcode UPDATE", "a response", "no header"])
def test_what_is_no_query_gets_its_error_or_silence(office, wire, expected):
    world, penstock = office
    vpc, public = penstock.asked_vpc(), world.asked("public")
    got = ask_bytes(world, wire, timeout=0.5)
    if expected is None:
        assert got is None
    else:
        assert got[:2] == wire[:2] and got[2] & 0x80
        assert {1: "FORMERR", 4: "NOTIMP"}.get(got[3] & 15) == expected
    assert (penstock.asked_vpc(), world.asked("public")) == (vpc, public)


@pytest.mark.parametrize("address", [HOST, HOST6])
def test_ping_goes_on(office, address):
    world, _ = office
    world.run("client", "ping", "-n", "-c", 3, "-i", "0.05", "-W", 2, address)


@pytest.mark.parametrize("port", [22, 179])
@pytest.mark.parametrize("address,family", [(HOST, socket.AF_INET), (HOST6, socket.AF_INET6)], ids=["IPv4", "IPv6"])
def test_tcp_to_the_host_goes_on(office, port, address, family):
    """A listener of the host's own, as sshd or a BGP speaker is one: 300 kB each way."""
    world, _ = office
    data = bytes(range(256)) * 1200

    def echo(listener):
        peer, _ = listener.accept()
        with peer:
            while piece := peer.recv(65536):
                peer.sendall(piece)

    with world.socket("host", family, socket.SOCK_STREAM) as listener, world.socket("client", family, socket.SOCK_STREAM) as peer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        peer.settimeout(5)
        peer.connect((address, port))
        back = bytearray()
        sender = threading.Thread(target=peer.sendall, args=(data,), daemon=True)
        sender.start()
        while len(back) < len(data):
            piece = peer.recv(65536)
            assert piece
            back += piece
        assert bytes(back) == data


def test_udp_to_other_ports_of_the_host_stays_with_the_kernel(office):
    world, _ = office
    with world.socket("host", socket.AF_INET, socket.SOCK_DGRAM) as service, world.socket("client", socket.AF_INET, socket.SOCK_DGRAM) as peer:
        service.bind((HOST, 5300))
        service.settimeout(3)
        peer.sendto(b"hello", (HOST, 5300))
        assert service.recv(100) == b"hello"


def test_the_hosts_own_lookups_go_on(office):
    """The host asks its resolver over the kernel: those responses come from port 53 too and are not Penstock's."""
    world, _ = office
    done = world.run("host", "dig", "+short", "+time=2", "+tries=1", "@192.168.10.2", "www.example.com")
    assert done.stdout.split() == ["93.184.215.14"]


def test_the_kernel_sees_no_query_and_sends_no_answer(office):
    world, _ = office
    world.run("host", "nft", "add table inet seen; add counter inet seen dns;"
              "add chain inet seen in { type filter hook input priority 0; }; add rule inet seen in udp dport 53 counter name dns;"
              "add chain inet seen out { type filter hook output priority 0; }; add rule inet seen out udp sport 53 counter name dns")
    for _ in range(10):
        ask(world, STUDIO)
        assert rcode(ask(world, "www.example.com")) == "NOERROR"
    assert "packets 0 " in world.run("host", "nft", "list", "counter", "inet", "seen", "dns").stdout
    world.run("host", "nft", "delete", "table", "inet", "seen")


def test_explain_names_the_rule_and_the_pool(office):
    _, penstock = office
    said = penstock.ctl_run("explain", STUDIO).stdout
    assert "studio-us-east-1" in said and "10.16.1.10" in said
    said = penstock.ctl_run("explain", "www.example.com").stdout
    assert "corporate" in said and "192.168.10.2" in said
