"""tests/support/world/scripted.py - a DNS server that says what the test has written down, over UDP and TCP, and keeps what it was asked.

with Scripted(world, "public", "eth0", "192.168.10.77") as server:
    server.script[name("www.example.").lower()] = lambda query: query[:2] + ...     # None: it says nothing; a list: several
    server.heard        # [(query as bytes, "udp" or "tcp"), ...]

Whatever is not in the script, health probes for one, has an empty answer.
"""
import selectors
import socket
import struct
import threading

from wire import QR, RA, RD, end_of_name, question_of


def empty(query, rcode=0):
    asked = question_of(query) or b""
    flags = QR | RA | (struct.unpack_from("!H", query, 2)[0] & (RD | 0x7800)) | rcode
    return query[:2] + struct.pack("!5H", flags, 1 if asked else 0, 0, 0, 0) + asked


class Scripted:
    def __init__(self, world, where, device, *addresses):
        self.world, self.where, self.device, self.addresses = world, where, device, addresses
        self.script, self.heard = {}, []
        self.selector = selectors.DefaultSelector()
        self.thread = threading.Thread(target=self._serve)
        self.stop_reader, self.stop_writer = socket.socketpair()

    def __enter__(self):
        for address in self.addresses:
            is_v6 = ":" in address
            self.world.run(self.where, "ip", "address", "add", f"{address}/{128 if is_v6 else 32}", "dev", self.device, *(["nodad"] if is_v6 else []))
            family = socket.AF_INET6 if is_v6 else socket.AF_INET
            udp = self.world.socket(self.where, family, socket.SOCK_DGRAM)
            udp.bind((address, 53))
            self.selector.register(udp, selectors.EVENT_READ, self._udp)
            tcp = self.world.socket(self.where, family, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((address, 53))
            tcp.listen(64)
            self.selector.register(tcp, selectors.EVENT_READ, self._accept)
        self.selector.register(self.stop_reader, selectors.EVENT_READ, None)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop_writer.send(b"!")
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.stop_writer.close()
        self.selector.close()
        for address in self.addresses:
            self.world.run(self.where, "ip", "address", "del", f"{address}/{128 if ':' in address else 32}", "dev", self.device, check=False)

    def _serve(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _answer(self, query, over):
        self.heard.append((query, over))
        asked = query[12:end_of_name(query, 12)].lower() if question_of(query) or len(query) > 16 else b""
        answer = self.script.get(asked, empty)
        said = answer(query) if answer else []
        return said if isinstance(said, list) else [said] if said is not None else []

    def _udp(self, sock):
        query, sender = sock.recvfrom(65535)
        for answer in self._answer(query, "udp"):
            sock.sendto(answer, sender)

    def _accept(self, listener):
        connection, _ = listener.accept()
        connection.setblocking(True)
        self.selector.register(connection, selectors.EVENT_READ, self._tcp)

    def _tcp(self, connection):
        """Whoever asks here, writes a whole message at once or soon."""
        try:
            query = self._whole(connection)
            if query is None:
                raise ConnectionError
            for answer in self._answer(query, "tcp"):
                connection.sendall(struct.pack("!H", len(answer)) + answer)
        except OSError:
            self.selector.unregister(connection)
            connection.close()

    @staticmethod
    def _whole(connection):
        def read(count):
            data = b""
            while len(data) < count:
                more = connection.recv(count - len(data))
                if not more:
                    return None
                data += more
            return data

        length = read(2)
        return read(struct.unpack("!H", length)[0]) if length else None
