"""tests/e2e/protocol/transfers_test.py - zone transfers through Penstock, of NSD behind it: as long as a zone is, and whole or not at all."""
import socket
import struct
import threading
import time

import dns.message
import dns.rrset
import pytest

from client import addresses, ask, rcode
from nsd import Nsd
from penstock import Penstock, config
from streams import Stream, framed, listen_at, query_for, slow_lane
from waiting import eventually
from world import CLIENT, ENDPOINTS, HOST, VPC, World

RECORDS = 20_000
SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA=="
KEY = f"hmac-sha256:key.example:{SECRET}"
KEYS = f"key:\n  name: key.example\n  algorithm: hmac-sha256\n  secret: \"{SECRET}\"\n"
OPEN = "  provide-xfr: 0.0.0.0/0 NOKEY\n  provide-xfr: 0.0.0.0/0 key.example\n"


def zone_text(records):
    lines = ["$TTL 300", "@ SOA ns hostmaster 9 7200 900 1209600 30", "@ NS ns", "ns A 10.16.1.1"]
    lines += [f"host-{i} A 10.17.{i >> 8}.{i & 255}" for i in range(records - 2)]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", name="office")
def _office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nsd")
    names = ("big.example", "closed.example", "theirs.example")
    for name in names:
        (folder / name).write_text(zone_text(RECORDS if name.startswith("big") else 3), encoding="utf-8")
    zones = [{"zone": "big.example", "pool": VPC, "transfers": ["secondaries"]}, {"zone": "closed.example", "pool": VPC},
             {"zone": "theirs.example", "pool": VPC, "transfers": ["others"]}, {"zone": "scripted.example", "pool": VPC, "transfers": ["secondaries"]}]
    groups = {"secondaries": {"prefixes": [CLIENT + "/32"]}, "others": {"prefixes": ["10.99.0.0/16"]}}
    model = config(zones=zones, clients={"groups": groups}, studio=None, dataplane={"tcp": {"idle_timeout": "1s"}})
    model["pools"][VPC] = {**model["pools"][VPC], "health": {"name": "big.example"}}
    with World("e2e-xfr") as world, Nsd(world, folder, {name: folder / name for name in names}, KEYS, OPEN) as nsd, Penstock(world, model) as penstock:
        yield world, nsd, penstock
        eventually(lambda: slow_lane_now(penstock) == 0, "no transfer is under way")
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every packet is accounted for")
        ended = sum(slow_lane(penstock, "transfers_" + how) for how in ("done", "failed", "over", "broken", "quiet", "left"))
        assert slow_lane(penstock, "transfers") == ended, "each is counted once"
        page = penstock.metrics()
        assert page.sum("penstock_zone_transfers_started_total") == page.sum("penstock_zone_transfers_ended_total") == ended


def slow_lane_now(penstock):
    return penstock.metrics().sum("penstock_zone_transfers")


def dig(world, *words, where="client"):
    return world.run(where, "dig", "+tries=1", "+time=10", "+noall", "+answer", "+onesoa", *words, check=False).stdout


def records(text):
    return {" ".join(line.split()) for line in text.splitlines() if line and not line.startswith(";")}


def test_a_zone_of_twenty_thousand_records_comes_whole(office):
    world, _, penstock = office
    begin = time.monotonic()
    through = records(dig(world, f"@{HOST}", "big.example", "AXFR"))
    took = time.monotonic() - begin
    assert len(through) == RECORDS + 1
    assert through == records(dig(world, f"@{ENDPOINTS[0]}", "big.example", "AXFR", where=VPC))
    print(f"{RECORDS} records in {took:.2f} s, {slow_lane(penstock, 'transfer_messages'):.0f} messages")


@pytest.mark.parametrize("name", ["closed.example", "theirs.example", "host-1.big.example", "www.example.com"])
def test_who_may_not_is_refused(office, name):
    world, _, penstock = office
    before = penstock.metrics().sum("penstock_queries_total", outcome="refused_transfer")
    for kind in ("AXFR", "IXFR"):
        with Stream(world) as stream:
            stream.send(query_for(name, kind))
            assert rcode(stream.answer()) == "REFUSED"
    assert penstock.metrics().sum("penstock_queries_total", outcome="refused_transfer") == before + 2


def test_a_signed_transfer_is_verified_by_the_client(office):
    world, _, _ = office

    def signed(key):
        done = world.run("client", "kdig", "-y", key, f"@{HOST}", "big.example", "AXFR", check=False)
        return done, {record for record in records(done.stdout) if " TSIG " not in record}

    done, through = signed(KEY)
    assert done.returncode == 0 and "verification" not in done.stderr, done.stderr
    assert through == records(dig(world, f"@{ENDPOINTS[0]}", "big.example", "AXFR", where=VPC))
    done, through = signed(KEY.replace("c2Vj", "d2Vj"))
    assert done.returncode != 0 or len(through) < 10


def test_an_incremental_one_over_tcp_and_udp(office):
    world, _, _ = office
    query = query_for("big.example", "IXFR")
    query.authority.append(dns.rrset.from_text("big.example.", 0, "IN", "SOA", "ns.big.example. h.big.example. 9 1 1 1 1"))
    with Stream(world) as stream:
        stream.send(query, query_for("host-1.big.example"))
        answers = [stream.answer(), stream.answer()]
    incremental = next(one for one in answers if one.question[0].rdtype == dns.rdatatype.IXFR)
    assert [rrset.rdtype for rrset in incremental.answer] == [dns.rdatatype.SOA], "nothing newer"
    assert dns.flags.TC in dns.flags.Flag(ask(world, "big.example", "IXFR").flags)
    assert rcode(ask(world, "big.example", "AXFR")) == "REFUSED"


class Script:
    """A primary in the place of an endpoint: sends what it is told, then `then`: closes, or says nothing more."""
    def __init__(self, world, address, messages, then="close", pause=0.0):
        self.messages, self.then, self.pause = messages, then, pause
        self.listener = listen_at(world, address)
        self.sent = 0
        self.closed = threading.Event()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        self.listener.close()

    def serve(self):
        self.listener.settimeout(0.05)
        sock = None
        while sock is None:
            if self.stopped.is_set():
                return
            try:
                sock, _ = self.listener.accept()
            except TimeoutError:
                pass
        with sock:
            length = struct.unpack("!H", sock.recv(2))[0]
            query = dns.message.from_wire(sock.recv(length))
            sock.settimeout(0.1)
            for message in self.messages(query):
                data = framed(message)
                while data and not self.stopped.is_set():
                    try:
                        count = sock.send(data)
                        data, self.sent = data[count:], self.sent + count
                    except TimeoutError:
                        pass
                    except OSError:
                        self.closed.set()
                        return
                time.sleep(self.pause)
            while self.then == "wait" and not self.stopped.wait(0.02):
                pass


def transfer_message(query, *rdata):
    response = dns.message.make_response(query)
    for number, (kind, text) in enumerate(rdata):
        response.answer.append(dns.rrset.from_text("scripted.example." if kind == "SOA" else f"h{number}.scripted.example.", 60, "IN", kind, text))
    return response.to_wire(max_size=65535)


SOA = ("SOA", "ns.scripted.example. h.scripted.example. 9 1 1 1 1")


@pytest.fixture(name="script")
def _script(office):
    """NSD leaves its place to a script."""
    world, nsd, _ = office
    nsd.stop()
    yield lambda *args, **options: Script(world, *args, **options)
    nsd.start()


def test_an_endpoint_that_ends_in_the_middle_ends_the_client_too(office, script):
    world, _, penstock = office
    broken = slow_lane(penstock, "transfers_broken")

    def half(query):
        yield transfer_message(query, SOA, *[("A", "10.0.0.1")] * 100)
        yield transfer_message(query, *[("A", "10.0.0.1")] * 100)

    with script(ENDPOINTS[0], half), script(ENDPOINTS[1], half):
        done = world.run("client", "dig", "+tries=1", "+time=5", f"@{HOST}", "scripted.example", "AXFR", check=False)
    assert done.returncode != 0 and ("Transfer failed" in done.stdout or "end of file" in done.stdout), done.stdout[-300:]
    assert slow_lane(penstock, "transfers_broken") == broken + 1


def test_an_endpoint_that_is_not_there_is_servfail_at_once(office, script):
    world, _, penstock = office
    assert script
    begin = time.monotonic()
    with Stream(world) as stream:
        stream.send(query_for("scripted.example", "AXFR"))
        assert rcode(stream.answer()) == "SERVFAIL"
    assert time.monotonic() - begin < 1
    assert slow_lane(penstock, "transfers_failed") >= 1


def test_a_client_that_reads_slowly_slows_the_endpoint_and_one_that_stops_is_cut_off(office, script):
    """40 MiB are not kept by anybody on the way."""
    world, _, penstock = office
    filler = [("TXT", '"' + "x" * 250 + '"')] * 220

    def long(query):
        yield transfer_message(query, SOA)
        message = transfer_message(query, *filler)
        for _ in range(700):
            yield message
        yield transfer_message(query, SOA)

    slow = slow_lane(penstock, "slow_reader")
    with script(ENDPOINTS[0], long) as first, script(ENDPOINTS[1], long) as second, Stream(world, receive_buffer=4096) as stream:
        stream.send(query_for("scripted.example", "AXFR"))
        read = 0
        begin = time.monotonic()
        while time.monotonic() - begin < 1.5:
            read += len(stream.sock.recv(4096))
            time.sleep(0.02)
        assert first.sent + second.sent < 30 << 20
        assert penstock.metrics().sum("penstock_tcp_buffered_bytes") < 400 << 10
        eventually(lambda: slow_lane(penstock, "slow_reader") == slow + 1, "who reads no more is cut off", 12, 0.2)
        eventually(lambda: first.closed.is_set() or second.closed.is_set(), "and the endpoint is let go")
    assert read > 0
    assert addresses(ask(world, "www.example.com")) == {"93.184.215.14"}


def test_a_transfer_outlives_the_idle_time_message_by_message(office, script):
    """1.5 s on a connection that may be idle for one."""
    world, _, _ = office

    def slowly(query):
        for rdata in ([SOA], [("A", "10.0.0.1")] * 3, [("A", "10.0.0.2")], [("TXT", "hello")], [("A", "10.0.0.3")], [SOA]):
            yield transfer_message(query, *rdata)

    query = query_for("scripted.example", "AXFR")
    with script(ENDPOINTS[0], slowly, pause=0.3), script(ENDPOINTS[1], slowly, pause=0.3), Stream(world) as stream:
        stream.send(query)
        got = [stream.answer() for _ in range(6)]
    assert all(one.id == query.id for one in got)
    assert [len(one.answer) for one in got] == [1, 3, 1, 1, 1, 1]
    assert not any(one.edns >= 0 for one in got), "it sent none"


def test_no_more_than_eight_at_once_for_one_client(office, script):
    world, _, penstock = office
    over = slow_lane(penstock, "transfers_over")
    assert script
    silent = [world.socket(VPC, socket.AF_INET, socket.SOCK_STREAM) for _ in range(2)]
    for sock, address in zip(silent, ENDPOINTS):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, 53))
        sock.listen(32)
    streams = [Stream(world) for _ in range(9)]
    try:
        for stream in streams[:8]:
            stream.send(query_for("scripted.example", "AXFR"))
        eventually(lambda: slow_lane_now(penstock) == 8, "eight are under way")
        streams[8].send(query_for("scripted.example", "AXFR"))
        assert rcode(streams[8].answer()) == "SERVFAIL"
        assert slow_lane(penstock, "transfers_over") == over + 1
    finally:
        for sock in streams:
            sock.sock.close()
        for sock in silent:
            sock.close()
    eventually(lambda: slow_lane_now(penstock) == 0, "they end with their clients")
