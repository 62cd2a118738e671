"""tests/e2e/protocol/forward_scenarios_test.py - what endpoints do to a forwarder, right and wrong, and what its client must get all the same.

A row is  scenario("situation", ask(...), ...)  with one ask or several, one after another:

  asked     the client's query, from protocol_cases.asked(); `tcp`: over TCP; `after`: seconds to wait before
  says      what the endpoints say, in the order in which they are asked, the last one again and again: a function of the query, a
            list of such (all at once), or None (silence). One that is not named must not be asked.
  gets      what the client gets, from protocol_cases.got(); None: silence
  ends      the name that a chain leads to, which is asked of the others than the first
  hears     over what the endpoints are asked: "udp", "tcp", and "plain" for UDP without an OPT

Drawn up from what forward zones of other resolvers are tested for (Unbound's testdata/fwd_*). Of these are elsewhere: several questions at once and
out of order (tcp_endpoints, tests/dataplane/path/join), too many at once (bad_clients, path/overload), what memory has no room for (state/answers/answer_cache),
forwarders that forward back (bad_clients), wrong addresses and ports of endpoints (path/response/response), letters in random case (path/flight/edns), expired answers
(memory, path/stale). We have no forwarders by name, no DNS64, no validation and nothing that a failed endpoint falls back on.

Zones and their endpoints are those of POOLS. What is waited for is waited for together: rows with `waits` run side by side.
"""
import dataclasses
import socket
import struct
import threading
import time

import pytest

from penstock import Penstock, config
from protocol_cases import asked, got, ours, said
from scripted import Scripted
from waiting import eventually
from wire import (A, AA, AAAA, AD, ANY, CD, CH, CNAME, DS, FORMERR, NOTIMP, NS, NXDOMAIN, QR, RA, RD, REFUSED, SERVFAIL, SOA, TC, TO_QUESTION, TXT, error,
                  name, opt, question, question_of, record, without_id)
from world import HOST, HOST6, VPC, World

# Who is asked for which zone; the first is everybody else's.
SERVERS = {
    "office": "192.168.10.71",
    "first": "192.168.10.72", "second": "192.168.10.73",  # asked in this order, and SERVFAIL and REFUSED of one are not the last word
    "tcp": "fd00:10::74",
    "no-opt-1": "192.168.10.75", "no-opt-2": "192.168.10.76", "no-opt-3": "192.168.10.77", "fussy": "192.168.10.78", "deaf": "192.168.10.79",
    "inner": "192.168.10.80",
    "moody": "192.168.10.81",  # asked by one scenario: a good answer of its pool voids what is remembered as failed
}
PRIVATE = "10.16.1.77"
HEALTH = {"interval": "600ms", "timeout": "500ms"}
POOLS = {one: {"kind": "recursive", "endpoints": [address], "health": HEALTH} for one, address in SERVERS.items() if one not in ("first", "second", "tcp")}
POOLS["pair"] = {"kind": "recursive", "endpoints": [SERVERS["first"], SERVERS["second"]], "policy": "ordered", "retry_on": ["servfail", "refused"],
                 "health": HEALTH}
POOLS["tcp"] = {"kind": "recursive", "endpoints": [SERVERS["tcp"]], "resolve_tc": True, "health": HEALTH}
POOLS["uncached"] = {**POOLS["office"], "cache": "off"}
POOLS["stale"] = {**POOLS["office"], "cache": {"stale": "on"}}
POOLS["vpc"] = {"kind": "route53-inbound", "endpoints": [PRIVATE], "health": {"name": "probe.private.test", **HEALTH}}
ZONES = [{"zone": f"{one}.test", "pool": one} for one in POOLS if one not in ("office", "vpc")] + [
    {"zone": "private.test", "pool": "vpc", "expect": ["10.16.0.0/16"]},
    {"zone": "knows.test", "pool": "fussy"}, {"zone": "outer.test", "pool": "office"}, {"zone": "inner.outer.test", "pool": "inner"}, {"zone": "gone.inner.outer.test", "answer": "nxdomain"},
]
PATIENCE = 0.9  # s, more than a recursive endpoint's three sends 200 ms apart take

ROWS = []
SAME = object()


@dataclasses.dataclass
class Ask:
    asked: object
    says: dict
    gets: object
    hears: list = None
    tcp: bool = False
    after: float = 0
    server: str = HOST
    ends: bytes = None


@dataclasses.dataclass
class Row:
    what: str
    asks: list
    waits: bool

    def __str__(self):
        return self.what


def scenario(what, *asks, waits=False):
    ROWS.append(Row(what, asks, waits))


def ask(query, says, gets=SAME, hears=None, **more):
    """`says`: of the office's server, or a dictionary of servers. SAME: the client gets what was said last, but for the OPT."""
    says = says if isinstance(says, dict) else {"office": says}
    says = {server: list(replies) if isinstance(replies, tuple) else [replies] for server, replies in says.items()}
    if gets is SAME:
        last = [reply for replies in says.values() for reply in replies if isinstance(reply, Reply)][-1].message
        gets = dataclasses.replace(got(), **vars(last)) if dataclasses.is_dataclass(last) else last
    return Ask(query, says, gets, hears, **more)


class Reply:
    """What the endpoint says to a query, with its id and question unless they are changed."""
    def __init__(self, *answers, change=lambda octets: octets, **more):
        self.message, self.change = said(*answers, **more), change

    def __call__(self, query):
        return bytes(self.change(bytearray(query[:2] + self.message.wire(question_of(query), edns=self.message.edns)[2:])))


def reply(*answers, **more):
    return Reply(*answers, **more)


def failure(rcode, **more):
    return reply(flags=QR | RD | RA | rcode, **more)


def address(last=1, ttl=60, **more):
    return record(A, bytes([192, 0, 2, last]), ttl, **more)


def octets(*them):
    """No message, whatever was asked."""
    return lambda query: bytes(them) if them else b""


def without_opt(with_opt, plain):
    """A server that says one thing to an OPT and another without."""
    def answer(query):
        now = with_opt if query[10:12] != b"\0\0" else plain
        return now and now(query)
    return answer


def in_other_letters(message):
    message[13] ^= 0x20
    return message


def with_another_id(message):
    message[0] ^= 0x55
    return message


def with_another_name(message):
    message[13] = ord("z") if message[13] != ord("z") else ord("y")
    return message


def with_another_type(message):
    at = 12 + len(question_of(bytes(message))) - 4
    message[at:at + 2] = struct.pack("!H", AAAA)
    return message


def is_a_query(message):
    message[2] &= 0x7f
    return message


def cut_to(count):
    return lambda message: message[:count]


SERVFAILED = got(flags=QR | RD | RA | SERVFAIL)
GOOD = reply(address())


def soa(ttl=15):
    return record(SOA, name("ns.test") + name("h.test") + struct.pack("!5I", 1, 7200, 900, 1209600, 60), ttl, owner="test")


# --- An answer, and what comes with it.
scenario("an answer with a server in the authority section and its address behind",
         ask(asked(), reply(address(), authority=[record(NS, name("ns.test"))], additional=[address(2, owner="ns.test")])))
scenario("who is asked over IPv6 answers from there", ask(asked(), GOOD, server=HOST6))
scenario("two hundred addresses, over UDP and over TCP",
         ask((many := asked()), reply(*[address(i) for i in range(200)], flags=QR | RD | RA | TC), got(flags=QR | RD | RA | TC)),
         ask(asked(many.owner), reply(*[address(i) for i in range(200)]), tcp=True, hears=["tcp"]))
scenario("thirty signatures of one set", ask(asked(edns=opt(1232, True)), (signed := reply(address(), *[record(46, bytes(18) + b"\0" + bytes([i])) for i in range(30)])),
                                             gets=got(*signed.message.answers, edns=opt(1232, True))))
scenario("a server of a zone itself: authoritative, and the recursion is ours", ask(asked(), reply(address(), flags=QR | AA | RD), got(address(), flags=QR | AA | RD | RA)))
scenario("the bits AD and CD go both ways", ask(asked(flags=RD | AD | CD), reply(address(), flags=QR | RD | RA | AD | CD)))
scenario("everything is asked and something else after that: two questions, two answers, each remembered",
         ask((any_ := asked(kind=ANY)), reply(address(), record(TXT, b"\x04text"))),
         ask(asked(any_.owner), GOOD),
         ask(asked(any_.owner, kind=ANY), {}, got(address(), record(TXT, b"\x04text"))),
         ask(asked(any_.owner), {}, got(address())))
scenario("the root's keys", ask(asked(b"\0", 48), reply(record(48, b"\1\1\3\10key"))))
scenario("class CHAOS stays here", ask(asked("version.bind", TXT, CH), {}, got(flags=QR | RD | RA | REFUSED)))
scenario("a name of 255 octets", ask(asked(".".join(["n" * 63] * 3 + ["s" * 61])), GOOD))

# --- Nothing there.
scenario("NXDOMAIN without a SOA passes and is not remembered",
         *[ask(asked("nxdomain.nosoa.test"), failure(NXDOMAIN)) for _ in range(2)])
scenario("NODATA without a SOA passes and is remembered for a moment", ask(asked("nodata.nosoa.test"), reply()), ask(asked("nodata.nosoa.test"), {}, got()))
scenario("NXDOMAIN with a SOA is remembered, where there may be an Active Directory for 15 s",
         ask(asked("nxdomain.soa.test"), failure(NXDOMAIN, authority=[soa(60)]), got(flags=QR | RD | RA | NXDOMAIN, authority=[soa(15)])),
         ask(asked("nxdomain.soa.test"), {}, got(flags=QR | RD | RA | NXDOMAIN, authority=[soa(15)])))
scenario("NXDOMAIN for one type does not answer for another",
         ask(asked("types.soa.test"), failure(NXDOMAIN, authority=[soa()])), ask(asked("types.soa.test", AAAA), reply(authority=[soa()])))
scenario("a referral passes, and nobody follows it",
         ask(asked(), reply(authority=[record(NS, name("ns.lame.test"), owner="lame.test")], additional=[address(9, owner="ns.lame.test")])),
         ask(asked("next.lame.test"), GOOD))

# --- Chains.
scenario("a chain whose end has another server: passed on as it is", ask(asked(), reply(record(CNAME, name("elsewhere.example")))))
scenario("a chain that ends with a name that is not there", ask(asked(), reply(record(CNAME, name("gone.example")), flags=QR | RD | RA | NXDOMAIN,
                                                                          authority=[soa()])))
scenario("a chain in a circle", ask((circle := asked()), reply(record(CNAME, name("b.example")), record(CNAME, circle.owner, owner="b.example"))))
scenario("a chain of nine", ask(asked(), reply(record(CNAME, name("c0.example")), *[record(CNAME, name(f"c{i + 1}.example"), owner=f"c{i}.example") for i in range(8)],
                                               address(owner="c8.example"))))
into, end = asked(), name("end.private.test")
at_test = struct.pack("!H", 0xc000 + 12 + len(into.owner) - len(name("test")))
scenario("a chain that leads into a private zone is completed there, whatever stands behind it",
         ask(into, {"office": reply(record(CNAME, end), address(66, owner=end)), "private": reply(record(A, bytes([10, 16, 1, 5])))},
             got(record(CNAME, b"\3end\7private" + at_test), record(A, bytes([10, 16, 1, 5]), owner=struct.pack("!H", 0xc000 + 12 + len(into.question) + 12))), ends=end))

# --- Zones within zones.
scenario("the longest zone has the name", ask(asked("x.inner.outer.test"), {"inner": GOOD}))
scenario("its parent has the rest", ask(asked("notinner.outer.test"), GOOD))
scenario("below it another one answers itself", ask(asked("x.gone.inner.outer.test"), {}, got(
    flags=QR | RD | RA | NXDOMAIN, authority=[record(SOA, name("localhost") + name("nobody.invalid") + struct.pack("!5I", 1, 3600, 1200, 604800, 60), owner=b"\xc0\x0e")])))
scenario("what is asked of a zone's cut goes to the zone: no private name leaves", ask(asked("inner.outer.test", DS), {"inner": reply(authority=[soa()])}))
scenario("the zone's server fails: its parent's is not asked", ask(asked("broken.inner.outer.test"), {"inner": failure(SERVFAIL)}))
scenario("a private zone's server refuses: nobody else is asked", ask(asked("refused.private.test"), {"private": failure(REFUSED)}))

# --- What is no answer.
for what, change in (("another id", with_another_id), ("another name", with_another_name), ("another type", with_another_type),
                     ("a query", is_a_query), ("half a header", cut_to(6)), ("a header alone", cut_to(12)), ("half a question", cut_to(16))):
    scenario(f"{what}: no answer, and the good one that follows is taken", ask(asked(), [reply(address(66), change=change), GOOD], got(address())))
scenario("the name in other letters is the same name: the client reads its own, from memory too",
         ask(asked("Capital.Letters.test"), reply(address(), change=in_other_letters), got(address())), ask(asked("CAPITAL.letters.test"), {}, got(address())))
scenario("over TCP as well", ask(asked("Capital.Tcp.test"), {"tcp": reply(address(), change=in_other_letters)}, got(address()), tcp=True, hears=["tcp"]))
scenario("an answer whose records end too soon passes as it came: a client may make more of it", ask(asked(), reply(b"\xc0\x0c\0\1")))
scenario("but not one for a private name, which might hide an address", ask(asked("end.private.test"), {"private": reply(b"\xc0\x0c\0\1")}, SERVFAILED))
scenario("two answers: the first counts, the second goes to nobody", ask(asked(), [GOOD, reply(address(66))], got(address())))
scenario("nothing but nonsense", ask(asked(), octets(*range(40)), SERVFAILED, hears=["udp"] * 3), waits=True)
scenario("nothing but datagrams of no octet", ask(asked(), octets(), SERVFAILED, hears=["udp"] * 3), waits=True)

# --- Servers that fail.
for rcode, what in ((SERVFAIL, "SERVFAIL"), (REFUSED, "REFUSED")):
    scenario(f"{what} of the only server passes", ask(asked(), failure(rcode)))
    scenario(f"{what} of the first of two: the second is asked", ask(asked(f"{what}.pair.test"), {"first": failure(rcode), "second": GOOD}))
    scenario(f"{what} of both passes", ask(asked(f"{what}.both.pair.test"), {"first": failure(rcode), "second": failure(rcode)}))
scenario("NXDOMAIN of the first of two is an answer", ask(asked("nx.pair.test"), {"first": failure(NXDOMAIN, authority=[soa()])}))
scenario("SERVFAIL of the first and silence of the second",
         ask(asked("silence.pair.test"), {"first": failure(SERVFAIL), "second": None}, SERVFAILED), waits=True)
scenario("the first of two is silent", ask(asked("silent.pair.test"), {"first": None, "second": GOOD}), waits=True)
scenario("silence, and why it is one", ask((silent := asked(edns=opt())), None, got(flags=QR | RD | RA | SERVFAIL, edns=ours(silent, error(22))),
                                           hears=["udp"] * 3), waits=True)
for number in (2, 3):
    scenario(f"only the {number}. of its sends is answered", ask(asked(), (*[None] * (number - 1), GOOD), hears=["udp"] * number), waits=True)
scenario("SERVFAIL is remembered for a moment, and the answer that follows is taken, though its TTL is 0: it is for one client alone",
         ask((zero := asked("moody.test")), {"moody": failure(SERVFAIL)}), ask(zero, {}, SERVFAILED), ask(zero, {"moody": reply(address(ttl=0))}, after=1.1),
         ask(zero, {"moody": reply(address(ttl=0))}), waits=True)

# --- Memory.
scenario("asked twice, answered once", ask((twice := asked()), GOOD), ask(twice, {}, got(address())))
scenario("a pool without memory", *[ask(asked("twice.uncached.test"), reply(address(i))) for i in (1, 2)])
scenario("an answer of one second", ask((second := asked()), reply(address(ttl=1))), ask(second, reply(address(2)), after=1.1), waits=True)
for answer, what, gets in ((failure(SERVFAIL), "SERVFAIL", got(address(ttl=30))), (failure(REFUSED), "REFUSED", got(address(ttl=30))),
                           (failure(NXDOMAIN), "NXDOMAIN", SAME), (reply(), "NODATA", SAME), (reply(address(2, ttl=0)), "a TTL of 0", SAME)):
    scenario(f"an expired answer, and now {what}", ask(asked(f"{what.split()[-1]}.stale.test"), reply(address(ttl=1))),
             ask(asked(f"{what.split()[-1]}.stale.test"), answer, gets, after=1.1), waits=True)
scenario("an expired answer, and now silence", ask(asked("silence.stale.test"), reply(address(ttl=1))),
         ask(asked("silence.stale.test"), None, got(address(ttl=30)), after=1.1), waits=True)

# --- Truncated.
scenario("truncated, and the pool leaves it to the client", ask(asked(), reply(flags=QR | RD | RA | TC), hears=["udp"]))
scenario("truncated, and then over TCP, to a server of IPv6; remembered",
         ask(asked("cut.tcp.test"), {"tcp": (reply(flags=QR | RD | RA | TC), GOOD)}, hears=["udp", "tcp"]), ask(asked("cut.tcp.test"), {}, got(address())))
scenario("truncated although all of it is there: asked over TCP as well",
         ask(asked("whole.tcp.test"), {"tcp": (reply(address(66), flags=QR | RD | RA | TC), GOOD)}, hears=["udp", "tcp"]))
scenario("truncated over TCP as well: that is the answer, and no memory keeps it",
         *[ask(asked("cuttoo.tcp.test"), {"tcp": reply(flags=QR | RD | RA | TC)}, hears=["udp", "tcp"]) for _ in range(2)])
scenario("SERVFAIL over TCP", ask(asked("failed.tcp.test"), {"tcp": (reply(flags=QR | RD | RA | TC), failure(SERVFAIL))}, hears=["udp", "tcp"]))
scenario("nothing over TCP: the client may try", ask(asked("silent.tcp.test"), {"tcp": (reply(flags=QR | RD | RA | TC), None)}, got(flags=QR | RD | RA | TC)),
         waits=True)
scenario("a client over TCP, an answer over TCP", ask(asked(), GOOD, tcp=True, hears=["tcp"]))

# --- Servers without EDNS.
for number, (rcode, what) in enumerate(((FORMERR, "FORMERR"), (NOTIMP, "NOTIMP")), 1):
    zone = f"no-opt-{number}.test"
    scenario(f"{what} to an OPT: asked without, and from then on",
             ask(asked(f"a.{zone}"), {f"no-opt-{number}": without_opt(failure(rcode), GOOD)}, got(address()), hears=["udp", "plain"]),
             ask((later := asked(f"b.{zone}", edns=opt())), {f"no-opt-{number}": without_opt(None, GOOD)}, got(address(), edns=ours(later)), hears=["plain"]))
scenario("BADVERS to an OPT: asked without, and from then on",
         ask(asked("a.no-opt-3.test"), {"no-opt-3": without_opt(reply(edns=opt(extended=1)), GOOD)}, got(address()), hears=["udp", "plain"]),
         ask(asked("b.no-opt-3.test"), {"no-opt-3": GOOD}, hears=["plain"]))
scenario("an error that is not about the OPT: told to the client, and the next question has one again",
         ask(asked("a.fussy.test"), {"fussy": failure(FORMERR)}, hears=["udp", "plain"]), ask(asked("b.fussy.test"), {"fussy": GOOD}, hears=["udp"]))
scenario("an error for one name, of a server that knows EDNS: the next question has an OPT again",
         ask((knows := asked("a.knows.test", edns=opt(1232, True))), {"fussy": reply(address(), edns=opt(1232, True))}, got(address(), edns=ours(knows)), hears=["udp"]),
         ask(asked("b.knows.test"), {"fussy": without_opt(failure(FORMERR), GOOD)}, got(address()), hears=["udp", "plain"]),
         ask((again := asked("c.knows.test", edns=opt(1232, True))), {"fussy": reply(address(2), edns=opt(1232, True))}, got(address(2), edns=ours(again)), hears=["udp"]))
scenario("one answer for who asks with an OPT, without, or for AD",
         ask(asked("forms.test"), reply(address(), flags=QR | RD | RA | AD, edns=opt()), got(address()), hears=["udp"]),
         ask((with_opt := asked("forms.test", edns=opt())), {}, got(address(), edns=ours(with_opt))),
         ask(asked("forms.test", flags=RD | AD), {}, got(address(), flags=QR | RD | RA | AD)))
scenario("an OPT is not heard of: the answer has none", ask((unheard := asked(edns=opt())), GOOD, got(address(), edns=ours(unheard)), hears=["udp"]))
scenario("a server that drops what has an OPT does not answer",
         ask(asked("a.deaf.test"), {"deaf": without_opt(None, GOOD)}, SERVFAILED), waits=True)


@pytest.fixture(scope="module", name="office")
def _office():
    with World("e2e-scenarios") as world:
        servers = {one: Scripted(world, "public", "eth0", place) for one, place in SERVERS.items()}
        servers["private"] = Scripted(world, VPC, "eni", PRIVATE)
        entered = []
        try:
            for server in servers.values():
                server.__enter__()
                entered.append(server)
            model = config(pools=POOLS, studio=None, zones=ZONES, default={"pool": "office"},
                           dataplane={"cache_size": "4MiB", "query_timeout": f"{PATIENCE * 1000:.0f}ms"})
            with Penstock(world, model) as penstock:
                yield world, servers, penstock
        finally:
            for server in entered:
                server.__exit__()


def exchange(world, one):
    """What the client gets; None: nothing."""
    family = socket.AF_INET6 if ":" in one.server else socket.AF_INET
    with world.socket("client", family, socket.SOCK_STREAM if one.tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(4)
        sock.connect((one.server, 53))
        wire = one.asked.wire()
        if not one.tcp:
            sock.send(wire)
            return sock.recv(65535)
        sock.sendall(struct.pack("!H", len(wire)) + wire)
        data = b""
        while len(data) < 2 or len(data) < 2 + struct.unpack_from("!H", data)[0]:
            data += sock.recv(65535)
        return data[2:]


def form(query, over):
    return "plain" if over == "udp" and query[10:12] == b"\0\0" else over


def is_about(query, one):
    return question_of(query) == one.asked.question or (one.ends is not None and query[12:].startswith(one.ends))


def differences(world, servers, row):
    """A line each."""
    wrong = []
    for one in row.asks:
        time.sleep(one.after)
        heard = {server: len(it.heard) for server, it in servers.items()}
        for server, replies in one.says.items():
            left = list(replies)

            def answer(query, left=left):
                now = left.pop(0) if len(left) > 1 else left[0]
                return [each(query) for each in now] if isinstance(now, list) else now(query) if now else None

            servers[server].script[one.asked.owner.lower()] = answer
            if one.ends:
                servers[server].script[one.ends] = answer
        try:
            answer = exchange(world, one)
        except TimeoutError:
            answer = None
        wanted = one.gets.wire(one.asked.question, edns=one.gets.edns)
        if answer is None or without_id(answer) != without_id(wanted):
            wrong.append(f"{row}:\n     got {answer and without_id(answer).hex()}\n  wanted {without_id(wanted).hex()}")
        new = {server: [form(query, over) for query, over in it.heard[heard[server]:] if is_about(query, one)] for server, it in servers.items()}
        if (stranger := [server for server, forms in new.items() if forms and server not in one.says]):
            wrong.append(f"{row}: asked {stranger}")
        if (missing := [server for server in one.says if not new[server]]):
            wrong.append(f"{row}: did not ask {missing}")
        if one.hears is not None and sum(new.values(), []) != one.hears:
            wrong.append(f"{row}: asked over {sum(new.values(), [])}, not {one.hears}")
    return wrong


def test_every_scenario(office):
    world, servers, penstock = office
    assert len({str(row) for row in ROWS}) == len(ROWS), "two scenarios have one description"
    wrong = []
    threads = [threading.Thread(target=lambda row=row: wrong.extend(differences(world, servers, row))) for row in ROWS if row.waits]
    for thread in threads:
        thread.start()
    for row in ROWS:
        if not row.waits:
            wrong += differences(world, servers, row)
    for thread in threads:
        thread.join()
    print(len(ROWS), "scenarios")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong)
    eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every packet is accounted for")
