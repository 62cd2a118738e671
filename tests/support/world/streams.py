"""tests/support/world/streams.py - DNS over TCP by hand: a client's connection, octet by octet, and a server in the place of an endpoint.

with Endpoint(world, ENDPOINTS[0], udp=answer_to, tcp=answer_to) as server, Stream(world) as stream:
    stream.send(query_for("www.example.com")); stream.answer(); server.asked["tcp"]
"""
import select
import socket
import struct
import threading

import dns.message
import dns.rrset

from world import HOST, VPC


def framed(wire):
    return struct.pack("!H", len(wire)) + wire


def query_for(name, kind="A", **options):
    return dns.message.make_query(name, kind, **options)


def answer_to(query, records=0, flags=0):
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= flags
    name = query.question[0].name
    if records == 0:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "10.16.110.189"))
    else:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *[f'"{i:04}{"x" * 200}"' for i in range(records)]))
    return response.to_wire(max_size=65535)


class Stream:
    """A client's connection."""
    def __init__(self, world, server=HOST, receive_buffer=None):
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.sock = world.socket("client", family, socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(4)
        self.sock.connect((server, 53))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *queries):
        self.sock.sendall(b"".join(framed(query.to_wire()) for query in queries))

    def exactly(self, count):
        octets = b""
        while len(octets) < count:
            more = self.sock.recv(count - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def answer(self):
        return dns.message.from_wire(self.exactly(struct.unpack("!H", self.exactly(2))[0]))

    def is_closed(self, within):
        """The other side has ended it, with or without data lost."""
        readable, _, _ = select.select([self.sock], [], [], within)
        try:
            return bool(readable) and self.sock.recv(65535) == b""
        except ConnectionResetError:
            return True


def listen_at(world, address):
    """A socket that takes connections to port 53 of an address of the VPC's."""
    listener = world.socket(VPC, socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 53))
    listener.listen(16)
    return listener


class Endpoint:
    """A server in the place of one of the VPC's, by `udp(query)` and `tcp(query)`: octets to send, a list of them, or None."""
    def __init__(self, world, address, udp=None, tcp=None):
        self.address, self.udp, self.tcp = address, udp, tcp
        self.asked = {"udp": [], "tcp": []}
        self.connections = 0
        self.last_client = None
        self.stopped = threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.datagrams = world.socket(VPC, family, socket.SOCK_DGRAM)
        self.datagrams.bind((address, 53))
        self.listener = listen_at(world, address) if tcp else None
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def note(self, how, wire):
        query = dns.message.from_wire(wire)
        if str(query.question[0].name).startswith("d-"):  # no probe
            self.asked[how].append(query)
        return query

    def serve(self):
        streams = {}
        listeners = [one for one in (self.datagrams, self.listener) if one]
        while not self.stopped.is_set():
            for ready in select.select(listeners + list(streams), [], [], 0.05)[0]:
                if ready is self.datagrams:
                    wire, client = ready.recvfrom(65535)
                    self.last_client = client
                    response = self.udp(self.note("udp", wire)) if self.udp else None
                    if response:
                        ready.sendto(response, client)
                elif ready is self.listener:
                    sock, _ = ready.accept()
                    streams[sock] = b""
                    self.connections += 1
                else:
                    self.stream(ready, streams)
        for sock in listeners + list(streams):
            sock.close()

    def stream(self, sock, streams):
        octets = sock.recv(65535)
        streams[sock] += octets
        closed = not octets
        while len(streams[sock]) >= 2 and not closed:
            length = struct.unpack("!H", streams[sock][:2])[0]
            if len(streams[sock]) < 2 + length:
                break
            wire, streams[sock] = streams[sock][2:2 + length], streams[sock][2 + length:]
            response = self.tcp(self.note("tcp", wire))
            if response == b"close":
                closed = True
            elif response:
                sock.sendall(framed(response))
        if closed:
            streams.pop(sock)
            sock.close()


def slow_lane(penstock, kind):
    """What the slow lane counted of it, by the names of penstockctl status."""
    return penstock.ctl("status")["dataplane"]["slow_lane"][kind]
