"""tests/support/world/client.py - an office client: one question, one answer, over a socket of the client's namespace."""
import socket

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from world import HOST, World


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ask(world: World, name, kind="A", server=HOST, timeout=4.0, tcp=False, where="client", **options):
    """The answer as dnspython has it; options are those of dns.message.make_query. Raises dns.exception.Timeout."""
    query = dns.message.make_query(name, kind, **options)
    with world.socket(where, _family(server), socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
        if tcp:
            sock.settimeout(timeout)
            sock.connect((server, 53))
            return dns.query.tcp(query, server, timeout=timeout, sock=sock)
        sock.setblocking(False)
        return dns.query.udp(query, server, timeout=timeout, sock=sock)


def ask_bytes(world: World, wire, server=HOST, timeout=4.0, where="client"):
    """Bytes out, bytes in, or None when nothing comes back in time."""
    with world.socket(where, _family(server), socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect((server, 53))
        sock.send(wire)
        try:
            return sock.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


def addresses(answer):
    return {rdata.address for rrset in answer.answer for rdata in rrset if rdata.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)}


def rcode(answer):
    return dns.rcode.to_text(answer.rcode())


def is_answered(world, name, timeout=0.5, **options):
    try:
        ask(world, name, timeout=timeout, **options)
        return True
    except dns.exception.Timeout:
        return False
