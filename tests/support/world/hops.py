"""tests/support/world/hops.py - what EDNS between two hops makes of a query and of its answer, told apart from the code that does it.

A server asked directly, with the query that Penstock would have sent, answers what Penstock is to pass on: as_answered() of it.
"""
import struct

HEADER = 12
OPT = 41
AD = 0x20
EDE = 15
OUR_SIZE = 1232


def _behind_name(wire, at):
    while wire[at] != 0:
        if wire[at] >= 0xc0:
            return at + 2
        at += wire[at] + 1
    return at + 1


def behind_question(wire):
    return _behind_name(wire, HEADER) + 4


def split_opt(wire):
    """The message without its OPT, which is its last record, and that OPT; b"" where there is none."""
    at = behind_question(wire)
    for _ in range(sum(struct.unpack_from("!HHH", wire, 6))):
        begin, fixed = at, _behind_name(wire, at)
        at = fixed + 10 + struct.unpack_from("!H", wire, fixed + 8)[0]
        if struct.unpack_from("!H", wire, fixed)[0] == OPT:
            assert at == len(wire), "an OPT that is not the last record"
            return wire[:10] + struct.pack("!H", struct.unpack_from("!H", wire, 10)[0] - 1) + wire[12:begin], wire[begin:]
    return wire, b""


def with_opt(wire, opt):
    return wire[:10] + struct.pack("!H", struct.unpack_from("!H", wire, 10)[0] + 1) + wire[12:] + opt


def own_opt(client_opt, options=b""):
    """Ours, with the DO of the client's."""
    do = client_opt[7] & 0x80 if client_opt else 0
    return struct.pack("!BHHBBHH", 0, OPT, OUR_SIZE, 0, 0, do << 8, len(options)) + options


def as_sent(query):
    """What a server is asked for it: with an OPT of ours, and no options, and with AD: one answer is for all."""
    rest, opt = split_opt(query)
    return with_opt(rest[:3] + bytes([rest[3] | AD]) + rest[4:], own_opt(opt))


def _passed_on(opt):
    options, at = b"", 11
    while at < len(opt):
        code, length = struct.unpack_from("!HH", opt, at)
        if code == EDE:
            options += opt[at:at + 4 + length]
        at += 4 + length
    return options


def flags_of_answer(asked, said):
    """QR and opcode; RD and CD of the query, RA; AA, TC, AD and rcode of the answer; Z is zero."""
    return 0x8080 | asked & 0x7910 | said & 0x062f


def as_answered(query, direct):
    """What the client is to get when a server has answered as_sent() of its query so."""
    direct = direct[:2] + struct.pack("!H", flags_of_answer(*(struct.unpack_from("!H", wire, 2)[0] for wire in (query, direct)))) + direct[4:]
    _, asked = split_opt(query)
    rest, opt = split_opt(direct)
    if not query[3] & AD and not (asked and asked[7] & 0x80):
        rest = rest[:3] + bytes([rest[3] & ~AD]) + rest[4:]
    size = min(OUR_SIZE, max(512, struct.unpack_from("!H", asked, 3)[0])) if asked else 512
    ours = own_opt(asked, _passed_on(opt)) if asked else b""
    if len(rest) + len(ours) > size:
        flags = struct.unpack_from("!H", rest, 2)[0] | 0x0200
        rest = rest[:2] + struct.pack("!HHHHH", flags, 1, 0, 0, 0) + rest[HEADER:behind_question(rest)]
        ours = own_opt(asked) if asked else b""
    return with_opt(rest, ours) if ours else rest
