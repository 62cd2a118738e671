"""tests/e2e/protocol/protocol_cases.py - what a client sends, what an endpoint is asked and says, what the client gets: octets, and the RFC that says so.

Above 400 lines because it is one table. A row is  case("what", "RFC section", ask, reply, gets, ...):

  ask       the query, from asked(); raw octets for what is no message
  reply     what the endpoint says, from said(); None: it must not be asked
  gets      the answer, from got(); SAME: what the endpoint said, but for its OPT, with ours if the query had one; None: silence
  tcp       the same over TCP, where it differs
  sees      what the endpoint is asked, where that is not the question with the flags as they came and an OPT of ours; a list: one after another
  tcp_sees  the same over TCP, where it differs
  settings  True: with SETTINGS in force
"""
import struct

from wire import (A, AA, AAAA, AD, ANY, AXFR, BADVERS, CD, CH, CNAME, COOKIE, DS, ECS, FORMERR, HS, IN, IXFR, KEEPALIVE, MX, NONE, NOTIMP, NS, NSID,
                  NXDOMAIN, PADDING, PTR, QR, RA, RD, REFUSED, SERVFAIL, SOA, SRV, TC, TKEY, TO_QUESTION, TSIG, TXT, Z, EDE, end_of_name, error, message,
                  name, opt, option, question, record)

SETTINGS = {"pass_options": [65001], "ecs": "pass", "udp_size": 4096}

IDENTITY = b"forwarder-1"
LOCAL_SOA = "ns.local.test. hostmaster.local.test. 7 7200 900 1209600 30"
ZONES = [
    {"zone": "private.test", "pool": "vpc", "expect": ["10.16.0.0/16"]},
    {"zone": "old-1.test", "pool": "old-1"},
    {"zone": "old-2.test", "pool": "old-2"},
    {"zone": "nxdomain.test", "answer": "nxdomain"},
    {"zone": "nodata.test", "answer": "nodata"},
    {"zone": "refused.test", "answer": "refused"},
    {"zone": "fixed.test", "answer": ["10.9.9.9", "fd00::9"]},
    {"zone": "local.test", "records": [f"@ 300 SOA {LOCAL_SOA}", "@ 300 NS ns", "ns 300 A 10.1.1.1", "www 300 A 10.1.1.2", "www 300 TXT \"text\"",
                                       "alias 300 CNAME www", "*.wild 300 A 10.1.1.3", "away 300 CNAME elsewhere.proto.test."]},
]

CASES = []
SAME = object()
_numbers = iter(range(10_000))


class Case:
    def __init__(self, what, rfc, query, reply, udp, tcp, sees, tcp_sees, settings):
        self.what, self.rfc, self.query, self.reply, self.udp, self.tcp, self.settings = what, rfc, query, reply, udp, tcp, settings
        self.sees, self.tcp_sees = sees, sees if tcp_sees is None else tcp_sees
        self.name = query[12:end_of_name(query, 12)] if len(query) > 12 and query[12] < 0x40 and _is_name(query) else b""
        self.wire = query

    def __str__(self):
        return f"{self.what} ({self.rfc})"


def _is_name(query):
    at = 12
    while at < len(query) and 0 < query[at] < 0x40:
        at += query[at] + 1
    return at < len(query)


class Asked:
    """A query of one question, as its parts."""

    def __init__(self, owner=None, kind=A, class_=IN, flags=RD, edns=None, **more):
        self.owner = owner if isinstance(owner, bytes) else name(owner or f"q{next(_numbers)}.proto.test")
        self.question = question(self.owner, kind, class_)
        self.kind, self.class_, self.flags, self.edns = kind, class_, flags, edns
        self.more = more

    def wire(self):
        additional = [*self.more.get("additional", []), *([self.edns] if self.edns else [])]
        return message(self.flags, [self.question], self.more.get("answers", ()), self.more.get("authority", ()), additional,
                       self.more.get("counts"), self.more.get("behind", b""))

    def has_opt(self):
        return self.edns is not None

    def dnssec_ok(self):
        return self.has_opt() and bool(self.edns[7] & 0x80)


def asked(owner=None, kind=A, class_=IN, flags=RD, edns=None, **more):
    return Asked(owner, kind, class_, flags, edns, **more)


class Said:
    """A message but for its id and question."""

    def __init__(self, flags=QR | RD | RA, answers=(), authority=(), additional=(), edns=None, without_question=False):
        self.flags, self.answers, self.authority, self.additional, self.edns = flags, answers, authority, list(additional), edns
        self.without_question = without_question

    def wire(self, ask_question, identity=0, edns=None):
        additional = self.additional + ([edns] if edns else [])
        return message(self.flags, [] if self.without_question else [ask_question], self.answers, self.authority, additional, identity=identity)


def said(*answers, flags=QR | RD | RA, authority=(), additional=(), edns=None):
    return Said(flags, answers, authority, additional, edns)


def got(*answers, flags=QR | RD | RA, authority=(), additional=(), edns=None, without_question=False):
    return Said(flags, answers, authority, additional, edns, without_question)


def ours(ask, options=b"", extended=0):
    """The OPT towards a client that sent one."""
    return opt(1232, ask.dnssec_ok(), extended=extended, options=options)


def upstream(ask, options=b"", **changes):
    return message(changes.get("flags", ask.flags) | AD, [ask.question], additional=[opt(1232, ask.dnssec_ok(), options=options)])


def case(what, rfc, ask, reply=None, gets=SAME, tcp=SAME, sees=None, tcp_sees=None, settings=False):
    if isinstance(ask, bytes):
        wire = lambda one: None if one is None else one.wire(b"", 0, one.edns)  # noqa: E731
        CASES.append(Case(what, rfc, ask, None, wire(gets), wire(gets if tcp is SAME else tcp), [], None, settings))
        return

    def written(expected):
        if expected is None:
            return None
        if expected is SAME:
            assert reply is not None and not callable(reply), f"{what}: what does the client get?"
            return reply.wire(ask.question, edns=ours(ask) if ask.has_opt() else None)
        return expected.wire(ask.question, edns=expected.edns)

    answer = None
    if callable(reply):
        answer = reply
    elif reply is not None:
        def answer(query):  # pylint: disable=function-redefined
            asked_question = query[12:end_of_name(query, 12) + 4]
            return query[:2] + reply.wire(asked_question, edns=reply.edns)[2:]
    expected_udp = written(gets)
    expected_tcp = expected_udp if tcp is SAME else written(tcp)
    if sees is None:
        sees = [upstream(ask)] if reply is not None else []
    CASES.append(Case(what, rfc, ask.wire(), answer, expected_udp, expected_tcp, sees, tcp_sees, settings))


def address(last=1):
    return record(A, bytes([192, 0, 2, last]))


# --- Questions of every kind go through as they are.
for kind, what in ((A, "A"), (NS, "NS"), (CNAME, "CNAME"), (SOA, "SOA"), (PTR, "PTR"), (MX, "MX"), (TXT, "TXT"), (AAAA, "AAAA"), (SRV, "SRV"), (DS, "DS"),
                   (10, "NULL"), (13, "HINFO"), (35, "NAPTR"), (39, "DNAME"), (43, "another DS"), (46, "RRSIG"), (48, "DNSKEY"), (50, "NSEC3"), (52, "TLSA"),
                   (59, "CDS"), (61, "OPENPGPKEY"), (64, "SVCB"), (65, "HTTPS"), (256, "URI"), (257, "CAA"), (32769, "DLV")):
    case(f"type {what} passes", "1035 3.2.2" if kind < 17 else "3597 3", asked(kind=kind), said(record(kind, b"\x04data" if kind == TXT else b"\xc0\x0c")))
for kind in (0, 128, 254, 260, 4096, 32768, 65279, 65280, 65534, 65535):
    case(f"unknown type {kind} passes", "3597 3", asked(kind=kind), said(record(kind, b"\1\2\3\xff")))
case(f"class {ANY} passes", "1035 3.2.5", asked(class_=ANY), said(record(A, b"\1\2\3\4", class_=ANY)))
for class_ in (CH, HS, NONE, 0, 2, 65280, 65535):
    case(f"class {class_} stays here", "1035 3.2.4", (ask := asked(class_=class_, edns=opt())), None, got(flags=QR | RD | RA | REFUSED, edns=ours(ask, error(20))))
case("ANY is a type like any other", "8482 4", asked(kind=ANY), said(address(), record(TXT, b"\x01x")))
case("MAILB", "1035 3.2.3", asked(kind=253), said())
case("data of no octet", "3597 4", asked(kind=65281), said(record(65281, b"")))

# --- Names.
case("the root", "1035 3.1", asked(b"\0", NS), said(record(NS, name("a.root."))))
case("a label of 63 octets", "1035 2.3.4", asked("l" * 63 + ".proto.test"), said(address()))
case("a name of 255 octets", "1035 2.3.4", asked(".".join(["n" * 63] * 3 + ["m" * 61])), said(address()))
case("127 labels", "1035 2.3.4", asked(".".join(["x"] * 127)), said(address()))
case("octets of every value in a label", "2181 11", asked(b"\x08\x00\xff. \"\\\x80\x7f\x05proto\x04test\x00"), said(address()))
case("an underscore", "2181 11", asked("_sip._tcp.proto.test", SRV), said(record(SRV, b"\0\1\0\1\x13\xc4" + b"\0")))
case("letters keep their case", "4343 4.1", asked("MiXeD.CaSe.PrOtO.tEsT"), said(address()))
case("a name that looks like an address", "1123 2.1", asked("192.0.2.1"), said(flags=QR | RD | RA | NXDOMAIN))
case("a label of 64 octets", "1035 2.3.4", message(RD, [b"\x40" + b"l" * 64 + b"\0\0\1\0\1"]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("a name of 256 octets", "1035 2.3.4", message(RD, [question(".".join(["n" * 63] * 3 + ["m" * 62]))]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("a pointer in the question, to itself", "1035 4.1.4", message(RD, [b"\xc0\x0c\0\1\0\1"]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("a pointer in the question, to the header", "1035 4.1.4", message(RD, [b"\x03www\xc0\x00\0\1\0\1"]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("an extended label type", "6891 5", message(RD, [b"\x41\x01\x80\0\0\1\0\1"]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("a name that does not end", "1035 4.1.2", message(RD, [b"\x05proto"]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("a label longer than what is left", "1035 4.1.2", message(RD, [b"\x3fproto"]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
for missing in range(1, 5):
    case(f"a question that lacks its last {missing} octets", "1035 4.1.2", message(RD, [question(f"short{missing}.proto.test")[:-missing]]),
         gets=Said(QR | RD | RA | FORMERR, without_question=True))

# --- Headers.
for length in (0, 1, 2, 11):
    case(f"a message of {length} octets", "1035 4.1.1", b"\0" * length, gets=None)
case("a header alone that promises a question", "1035 4.1.1", message(RD, counts=[1, 0, 0, 0]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("a header alone without a question", "9619 4", message(RD), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("two questions", "9619 4", message(RD, [question("one.proto.test"), question("two.proto.test")]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("65535 questions promised", "9619 4", message(RD, [question("many.proto.test")], counts=[65535, 0, 0, 0]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("an answer is never answered", "1035 7.3", message(QR | RD | RA, [question("answer.proto.test")]), gets=None)
case("a record promised and not there", "1035 4.1.3", message(RD, [question("lack.proto.test")], counts=[1, 0, 0, 1]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("65535 records promised", "1035 4.1.3", message(RD, [question("lacks.proto.test")], counts=[1, 65535, 65535, 65535]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("a record whose data are cut short", "1035 4.1.3", message(RD, [question("cut.proto.test")], additional=[record(TXT, b"text")[:-1]]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
for opcode, what in ((1, "IQUERY"), (2, "STATUS"), (3, "3"), (4, "NOTIFY"), (5, "UPDATE"), (6, "DSO"), (7, "7"), (11, "11"), (15, "15")):
    case(f"opcode {what} is not implemented", {4: "1996 3.7", 5: "2136 2.2"}.get(opcode, "1035 4.1.1"),
         message(opcode << 11, [question(f"opcode{opcode}.proto.test", SOA)]), gets=Said(QR | opcode << 11 | NOTIMP, without_question=True))
case("CD passes", "4035 3.2.2", asked(flags=RD | CD), said(address(), flags=QR | RD | RA | CD))
case("AD passes", "6840 5.7", asked(flags=RD | AD), said(address(), flags=QR | RD | RA | AD))
case("AD and CD with DO", "4035 3.2.2", asked(flags=RD | AD | CD, edns=opt(do=True)), said(address(), flags=QR | RD | RA | AD | CD, edns=opt(do=True)))
case("who does not want recursion is not served", "8020 1", asked(flags=0), None, got(flags=QR | RA | REFUSED))
case("nor with an OPT, which says why", "8914 4.21", (ask := asked(flags=0, edns=opt())), None, got(flags=QR | RA | REFUSED, edns=ours(ask, error(20))))

# --- What endpoints say.
for rcode, what in ((NXDOMAIN, "NXDOMAIN"), (6, "YXDOMAIN"), (7, "YXRRSET"), (8, "NXRRSET"), (9, "NOTAUTH"), (10, "NOTZONE"), (11, "rcode 11"), (15, "rcode 15"),
                    (SERVFAIL, "SERVFAIL"), (REFUSED, "REFUSED")):
    case(f"{what} passes", "2308 2" if rcode == NXDOMAIN else "6895 2.3", asked(), said(flags=QR | RD | RA | rcode))
soa = record(SOA, name("ns.proto.test") + name("h.proto.test") + struct.pack("!5I", 1, 7200, 900, 1209600, 60), owner="proto.test")
case("NXDOMAIN keeps its SOA", "2308 2.1", asked(), said(flags=QR | RD | RA | NXDOMAIN, authority=[soa]))
case("NODATA keeps its SOA", "2308 2.2", asked(kind=AAAA), said(authority=[soa]))
case("NODATA without a SOA", "2308 2.2", asked(kind=AAAA), said())
case("AA passes", "5625 4.1", asked(), said(address(), flags=QR | AA | RD | RA))
case("RA is ours", "1035 4.1.1", asked(), said(address(), flags=QR | RD), got(address()))
case("RD is the query's", "1035 4.1.1", asked(), said(address(), flags=QR | RA), got(address()))
case("Z is zero", "6895 2.1", asked(), said(address(), flags=QR | RD | RA | Z), got(address()))
case("AD of an answer passes", "4035 3.2.3", asked(edns=opt(do=True)), said(address(), flags=QR | RD | RA | AD, edns=opt(do=True)))
case("TC passes", "7766 5", asked(), said(flags=QR | RD | RA | TC), tcp=got(flags=QR | RD | RA | TC))
case("a referral passes", "5625 4.1", asked(), said(authority=[record(NS, name("ns.proto.test"))], additional=[record(A, b"\1\2\3\4", owner="ns.proto.test")]))
case("several records in their order", "1035 4.1.3", asked(), said(address(3), address(1), address(2), record(TXT, b"\x01x")))
case("a chain in its order", "1034 3.6.2", asked(), said(record(CNAME, name("end.proto.test")), record(A, b"\1\2\3\4", owner="end.proto.test")))
case("names compressed across sections", "1035 4.1.4", asked("compress.proto.test"),
     said(record(CNAME, b"\x03end\xc0\x15"), record(A, b"\1\2\3\4", owner=b"\xc0\x31"), authority=[record(NS, b"\x02ns\xc0\x15", owner=b"\xc0\x15")]))
case("TTLs of every size", "2181 8", asked(), said(*(record(A, b"\1\2\3\4", ttl) for ttl in (0, 1, 0x7fffffff, 0x80000000, 0xffffffff))))
case("a signature passes", "4035 3.2.1", asked(edns=opt(do=True)), said(address(), record(46, bytes(18) + name("proto.test") + bytes(64)), edns=opt(do=True)))
case("records of another class", "5625 4.1", asked(), said(record(A, b"\1\2\3\4", class_=CH)))
case("an answer to nobody's question beside the right one", "5452 6", asked(), said(record(A, b"\1\2\3\4", owner="other.proto.test")))

# --- EDNS, towards the endpoint: it hears of our OPT, not of the client's.
for size in (0, 1, 511, 512, 1232, 1400, 4096, 65535):
    case(f"a client's size of {size} is its own", "6891 6.2.5", asked(edns=opt(size)), said(address(), edns=opt(4096)))
case("DO passes", "3225 3", asked(edns=opt(do=True)), said(address(), edns=opt(do=True)))
case("unknown flags of an OPT do not", "6891 6.1.4", asked(edns=opt(flags=0x4001)), said(address(), edns=opt()))
for code, data, what in ((65001, b"secret", "a local option"), (PADDING, bytes(40), "padding"), (ECS, b"\0\1\x18\0\xc0\0\2", "a client's subnet"), (4, b"", "option 4"),
                         (0, b"\xff", "option 0"), (5, b"\x05\x07", "DAU"), (9, b"", "expire"), (14, b"\0\1", "key tag"), (13, name("proto.test"), "chain")):
    case(f"{what} stops here", "6891 6.1.2", asked(edns=opt(options=option(code, data))), said(address(), edns=opt()))
# The server's part of the answer's is without_cookie() zeros.
for data, what in ((b"8octets!", "a cookie"), (b"8octets!" + bytes(16), "both cookies")):
    case(f"{what} is for us", "7873 5.2", (ask := asked(edns=opt(options=option(COOKIE, data)))), said(address(), edns=opt()),
         got(address(), edns=ours(ask, option(COOKIE, b"8octets!" + bytes(16)))))
case("a dozen options stop here", "6891 6.1.2", asked(edns=opt(options=b"".join(option(65001 + i, bytes(i)) for i in range(12)))), said(address(), edns=opt()))
case("keepalive over UDP is ignored", "7828 3.2.1", (ask := asked(edns=opt(options=option(KEEPALIVE)))), said(address(), edns=opt()),
     tcp=got(address(), edns=ours(ask, option(KEEPALIVE, struct.pack("!H", 100)))))
case("an OPT before another record", "6891 6.1.1", (ask := asked(additional=[opt(), record(TXT, b"\x01x", owner="x.proto.test")])), said(address()),
     got(address(), edns=opt()), sees=[message(RD | AD, [ask.question], additional=[record(TXT, b"\x01x", owner="x.proto.test"), opt()])])
for version in (1, 2, 255):
    case(f"version {version}", "6891 6.1.3", (ask := asked(edns=opt(version=version))), None, got(flags=QR | RD | RA, edns=ours(ask, extended=BADVERS >> 4)))
case("two OPTs", "6891 6.1.1", message(RD, [question("two-opts.proto.test")], additional=[opt(), opt()]), gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("an OPT of another owner than the root", "6891 6.1.2", message(RD, [question("owner.proto.test")], additional=[opt(owner=name("x."))]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("an OPT cut short", "6891 6.1.2", message(RD, [question("cut-opt.proto.test")], additional=[opt()[:-1]]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("an option longer than its OPT", "6891 6.1.2", message(RD, [question("long-option.proto.test")], additional=[opt(options=b"\xfd\xe9\0\x09abc")]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))
case("half an option", "6891 6.1.2", message(RD, [question("half-option.proto.test")], additional=[opt(options=b"\xfd\xe9\0")]),
     gets=Said(QR | RD | RA | FORMERR, without_question=True))

# --- EDNS, towards the client.
case("without OPT the endpoint's is taken out", "6891 7", asked(), said(address(), edns=opt(4096, options=error(22, b"no route"))))
case("the endpoint's error reaches whoever can read it", "8914 3", (ask := asked(edns=opt())),
     said(flags=QR | RD | RA | SERVFAIL, edns=opt(4096, options=error(22, b"no route"))), got(flags=QR | RD | RA | SERVFAIL, edns=ours(ask, error(22, b"no route"))))
case("two errors", "8914 3", (ask := asked(edns=opt())), said(address(), edns=opt(options=error(3) + error(25, b"x"))),
     got(address(), edns=ours(ask, error(3) + error(25, b"x"))))
case("NSID is ours, never the endpoint's", "5001 2.2", (ask := asked(edns=opt(options=option(NSID)))),
     said(address(), edns=opt(options=option(NSID, b"ns1"))), got(address(), edns=ours(ask, option(NSID, IDENTITY))))
case("not for who does not ask for it", "5001 2.2", asked(edns=opt()), said(address(), edns=opt(options=option(NSID, b"ns1"))))
case("data in the query's NSID are ignored", "5001 2.2", (ask := asked(edns=opt(options=option(NSID, b"ns1")))), said(address(), edns=opt()),
     got(address(), edns=ours(ask, option(NSID, IDENTITY))))
case("NSID in an error of ours", "5001 2.2", (ask := asked("x.refused.test", edns=opt(options=option(NSID)))), None,
     got(flags=QR | RD | RA | REFUSED, edns=ours(ask, error(18) + option(NSID, IDENTITY))))
case("NSID of another version", "6891 6.1.3", (ask := asked(edns=opt(version=1, options=option(NSID)))), None,
     got(flags=QR | RD | RA, edns=ours(ask, extended=BADVERS >> 4)))
for owner in ("id.server", "hostname.BIND"):
    case(f"{owner} of class CH", "4892 2", (ask := asked(owner, TXT, CH, edns=opt(options=option(NSID)))), None,
         got(record(TXT, bytes([len(IDENTITY)]) + IDENTITY, ttl=0, class_=CH), flags=QR | AA | RD | RA, edns=ours(ask, option(NSID, IDENTITY))))
for owner in ("version.bind", "VERSION.server"):
    case(f"{owner} is not told", "4892 2", asked(owner, TXT, CH), None, got(flags=QR | RD | RA | REFUSED))
for code, data, what in ((COOKIE, b"8octets!" + bytes(16), "cookie"), (KEEPALIVE, b"\0\1", "keepalive"), (PADDING, bytes(30), "padding"), (65002, b"x", "local option")):
    case(f"the endpoint's {what} stops here", "6891 6.1.2", asked(edns=opt()), said(address(), edns=opt(options=option(code, data))))
case("an extended rcode", "6891 6.1.3", (ask := asked(edns=opt())), said(flags=QR | RD | RA | 7, edns=opt(extended=1)),
     got(flags=QR | RD | RA | 7, edns=ours(ask, extended=1)))
case("an endpoint without EDNS", "6891 7", asked(edns=opt()), said(address()))
case("records of the additional section before the OPT", "6891 6.1.1", asked(edns=opt()), said(address(), additional=[record(A, b"\1\2\3\4", owner="x.proto.test")], edns=opt()))


def long_text(octets):
    """Answers with TXT records whose message without OPT has so many octets, behind a question of `long….proto.test`."""
    records = []
    while octets > 0:
        data = min(octets - 12, 200)
        records.append(record(TXT, bytes([data - 1]) + b"t" * (data - 1)))
        octets -= data + 12
    return records


def sized(total, ask, with_opt):
    return long_text(total - 12 - len(ask.question) - (11 if with_opt else 0))


for total, edns, limit in ((512, None, 512), (513, None, 512), (700, None, 512), (512, opt(512), 512), (513, opt(512), 512), (600, opt(0), 512), (600, opt(600), 600),
                           (601, opt(600), 600), (1232, opt(1232), 1232), (1233, opt(1232), 1232), (1233, opt(4096), 1232), (1400, opt(65535), 1232)):
    ask = asked(kind=TXT, edns=edns)
    records = sized(total, ask, edns is not None)
    whole = got(*records, edns=ours(ask) if edns else None)
    cut = got(flags=QR | RD | RA | TC, edns=ours(ask) if edns else None)
    case(f"an answer of {total} octets to a client that takes {'512 without OPT' if edns is None else struct.unpack_from('!H', edns, 3)[0]}",
         "6891 6.2.3" if edns else "1035 2.3.4", ask, said(*records, edns=opt(4096)), whole if total <= limit else cut, tcp=whole)

# --- Endpoints that do not know EDNS.
for rcode, what, zone in ((FORMERR, "FORMERR", "old-1.test"), (NOTIMP, "NOTIMP", "old-2.test")):
    ask = asked(f"x.{zone}", edns=opt())

    def without_edns(query, rcode=rcode):
        asked_question = query[12:end_of_name(query, 12) + 4]
        if query[10:12] != b"\0\0":
            return query[:2] + said(flags=QR | RD | RA | rcode).wire(asked_question)[2:]
        return query[:2] + said(address()).wire(asked_question)[2:]

    case(f"{what} to our OPT: asked again without", "6891 7", ask, without_edns, got(address(), edns=ours(ask)),
         sees=[upstream(ask), message(RD | AD, [ask.question])])

# --- Private names.
case("a private address of a private name", "1918 3", asked("in.private.test"), said(record(A, bytes([10, 16, 1, 2]))))
case("a public address of a private name", "8914 4.18", (ask := asked("out.private.test", edns=opt())), said(address()),
     got(flags=QR | RD | RA | SERVFAIL, edns=ours(ask, error(17))))
case("the same without an OPT", "8914 3", asked("out2.private.test"), said(address()), got(flags=QR | RD | RA | SERVFAIL))
case("NXDOMAIN of a private name", "2308 2", asked("none.private.test"), said(flags=QR | RD | RA | NXDOMAIN, authority=[soa]))

# --- What is answered here.
local = QR | AA | RD | RA
local_soa = record(SOA, name("ns.local.test") + name("hostmaster.local.test") + struct.pack("!5I", 7, 7200, 900, 1209600, 30), ttl=30, owner=b"\xc0\x10")


def at(ask, label_octets):
    """A pointer into the question, behind so many octets."""
    assert label_octets < len(ask.question)
    return bytes([0xc0, 12 + label_octets])


case("REFUSED by rule", "8914 4.19", (ask := asked("x.refused.test", edns=opt())), None, got(flags=QR | RD | RA | REFUSED, edns=ours(ask, error(18))))
case("REFUSED by rule, without an OPT", "1035 4.1.1", asked("y.refused.test"), None, got(flags=QR | RD | RA | REFUSED))
case("an address of ours", "1035 4.1.3", asked("x.fixed.test"), None, got(record(A, bytes([10, 9, 9, 9])), flags=local))
case("an IPv6 address of ours", "3596 2.2", asked("x.fixed.test", AAAA), None, got(record(AAAA, bytes([0xfd]) + bytes(14) + b"\x09"), flags=local))
case("localhost", "6761 6.3", asked("localhost"), None, got(record(A, bytes([127, 0, 0, 1]), ttl=604800), flags=local))
case("a record of a zone of ours", "1035 4.3.2", asked("www.local.test"), None, got(record(A, bytes([10, 1, 1, 2]), ttl=300), flags=local))
case("its name in other letters", "4343 4.1", asked("WWW.Local.Test"), None, got(record(A, bytes([10, 1, 1, 2]), ttl=300), flags=local))
case("a wildcard", "4592 2.2.1", asked("any.wild.local.test"), None, got(record(A, bytes([10, 1, 1, 3]), ttl=300), flags=local))

# --- Transfers and what is signed.
case("a transfer", "5936 2.2", asked(kind=AXFR), None, got(flags=QR | RD | RA | REFUSED))
case("an incremental transfer", "1995 2", asked(kind=IXFR, authority=[soa]), None, got(flags=QR | RD | RA | REFUSED))

# --- With settings of their own: options that go on.
case("an option that goes on", "6891 6.1.2", (ask := asked(edns=opt(options=option(65001, b"hello") + option(65002, b"no")))), said(address(), edns=opt()),
     got(address(), edns=opt(4096)), sees=[upstream(ask, option(65001, b"hello"))], settings=True)
case("a subnet goes on", "7871 7.1.1", (ask := asked(edns=opt(options=option(ECS, b"\0\1\x18\0\xc0\0\2")))), said(address(), edns=opt()),
     got(address(), edns=opt(4096)), sees=[upstream(ask, option(ECS, b"\0\1\x18\0\xc0\0\2"))], settings=True)
case("a cookie does not go on all the same", "7873 4", asked(edns=opt(options=option(COOKIE, b"8octets!"))), said(address(), edns=opt()),
     got(address(), edns=opt(4096, options=option(COOKIE, b"8octets!" + bytes(16)))), settings=True)
