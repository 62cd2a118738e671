"""tests/support/world/wire.py - DNS messages as bytes, right or wrong, written by hand: what a library would not let one send.

ask = question("www.example.", A);  message(0x0100, [ask], additional=[opt(size=1232)])
"""
import struct

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, OPT, DS, ANY = 1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 43, 255
TSIG, TKEY, IXFR, AXFR = 250, 249, 251, 252
IN, CH, HS, NONE = 1, 3, 4, 254
TO_QUESTION = b"\xc0\x0c"  # a pointer to the first name of the message

QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 1, 2, 3, 4, 5, 16
EDE, NSID, ECS, COOKIE, KEEPALIVE, PADDING = 15, 3, 8, 10, 11, 12


def name(text):
    """On the wire; labels by dots, no escapes."""
    labels = [label.encode("latin-1") for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(owner, kind=A, class_=IN):
    return (owner if isinstance(owner, bytes) else name(owner)) + struct.pack("!HH", kind, class_)


def record(kind, data, ttl=60, class_=IN, owner=TO_QUESTION):
    return (owner if isinstance(owner, bytes) else name(owner)) + struct.pack("!HHIH", kind, class_, ttl, len(data)) + data


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def opt(size=1232, do=False, version=0, extended=0, options=b"", flags=0, owner=b"\0"):
    """RFC 6891 section 6.1.2. `extended`: the upper bits of the rcode."""
    return record(OPT, options, extended << 24 | version << 16 | (0x8000 if do else 0) | flags, size, owner)


def error(code, text=b""):
    """An Extended DNS Error (RFC 8914)."""
    return option(EDE, struct.pack("!H", code) + text)


def message(flags, questions=(), answers=(), authority=(), additional=(), counts=None, behind=b"", identity=0):
    sections = [list(section) for section in (questions, answers, authority, additional)]
    counts = counts or [len(section) for section in sections]
    return struct.pack("!6H", identity, flags, *counts) + b"".join(b"".join(section) for section in sections) + behind


def without_id(wire):
    return wire[2:]


def end_of_name(wire, at):
    while wire[at] not in (0,) and wire[at] < 0xc0:
        at += wire[at] + 1
    return at + (1 if wire[at] == 0 else 2)


def question_of(wire):
    """The octets of the question section's only question; None: it has none."""
    if len(wire) < 17 or wire[4:6] != b"\0\1":
        return None
    return wire[12:end_of_name(wire, 12) + 4]
