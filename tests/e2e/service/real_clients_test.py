"""tests/e2e/service/real_clients_test.py - resolvers and tools as people have them, asking Penstock: dig, kdig, drill, host, nslookup, glibc, musl, systemd-resolved."""
import contextlib
import pathlib
import re
import subprocess

import pytest

from client import addresses
from penstock import Penstock, config
from streams import Stream, query_for
from waiting import eventually
from world import HOST, HOST6, STUDIO, STUDIO_PRIVATE, World

RESOLVED = pathlib.Path("/usr/local/lib/penstock-test/lib/systemd/systemd-resolved")  # deploy/install-packages unpacks it
WWW = "93.184.215.14"

# Command line, what its output must have, how its status must be.
ASKS = [
    (f"dig @{HOST} {STUDIO} A", ["status: NOERROR", *STUDIO_PRIVATE, "EDNS: version: 0", "udp: 1232"]),
    (f"dig @{HOST6} {STUDIO} A +short", STUDIO_PRIVATE),
    (f"dig @{HOST} {STUDIO} A +noedns", ["status: NOERROR", *STUDIO_PRIVATE]),
    (f"dig @{HOST} {STUDIO} A +tcp", ["status: NOERROR", *STUDIO_PRIVATE, "(TCP)"]),
    (f"dig @{HOST} {STUDIO} A +tcp +keepopen www.example.com A", [*STUDIO_PRIVATE, WWW]),
    (f"dig @{HOST} www.example.com A +dnssec +bufsize=4096 +nsid +cookie", ["status: NOERROR", WWW, "flags: do", "(good)"]),
    (f"dig @{HOST} id.server CH TXT +nsid", ["status: NOERROR", 'NSID: 66 77 64 2d 31 ("fwd-1")', 'TXT\t"fwd-1"']),
    (f"dig @{HOST6} hostname.bind CH TXT +tcp +short", ['"fwd-1"']),
    (f"dig @{HOST} {STUDIO} A +cookie=0102030405060708", [*STUDIO_PRIVATE, "COOKIE: 0102030405060708010000", "(good)"]),
    (f"dig @{HOST} . SOA +header-only +cookie", ["status: NOERROR", "QUERY: 0", "(good)"]),
    (f"kdig @{HOST6} www.example.com A +cookie", ["NOERROR", WWW, "COOKIE:"]),
    (f"dig @{HOST} version.bind CH TXT +noedns", ["status: REFUSED", "ANSWER: 0"]),
    (f"kdig @{HOST} id.server CH TXT +nsid", ["NOERROR", 'NSID: 6677642D31', '"fwd-1"']),
    (f"dig @{HOST} www.example.com A +ednsopt=65001:1234 +padding=128 +subnet=192.0.2.0/24", ["status: NOERROR", WWW]),
    (f"dig @{HOST} www.example.com A +edns=1 +noednsneg", ["BADVERS"]),
    (f"dig @{HOST} www.example.com TYPE65280 CLASS1", ["status: NOERROR"]),
    (f"dig @{HOST} www.example.com AAAA +cdflag +adflag", ["status: NOERROR", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]),
    (f"dig @{HOST} nothing.example.com A", ["status: NXDOMAIN", "SOA"]),
    (f"dig @{HOST} www.example.com A +norecurse", ["status: REFUSED"]),
    (f"dig @{HOST} example.com AXFR", ["Transfer failed"]),
    (f"dig @{HOST} www.example.com A +opcode=NOTIFY +noedns", ["status: NOTIMP"]),
    (f"kdig @{HOST} {STUDIO} A +edns +nsid", ["NOERROR", *STUDIO_PRIVATE]),
    (f"kdig +tcp +keepopen @{HOST} {STUDIO} www.example.com", [*STUDIO_PRIVATE, WWW]),
    (f"kdig @{HOST6} www.example.com A +dnssec +padding", ["NOERROR", WWW]),
    (f"drill -D {STUDIO} @{HOST} A", ["NOERROR", *STUDIO_PRIVATE]),
    (f"drill -t www.example.com @{HOST} A", ["NOERROR", WWW]),
    (f"host www.example.com {HOST}", [WWW, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]),
    (f"host -T {STUDIO} {HOST}", STUDIO_PRIVATE),
    (f"nslookup {STUDIO} {HOST}", STUDIO_PRIVATE),
    ("getent ahosts www.example.com", [WWW, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]),  # A and AAAA at once, from one port
    (f"getent ahostsv4 {STUDIO}", STUDIO_PRIVATE),
    ("getent hosts localhost", ["::1"]),
]
# What a tool says of a message that it cannot read or does not trust.
COMPLAINTS = re.compile(r"malformed|extra bytes|warning: (?!recursion requested)|garbage|mismatch|timed out|communications error|reply from unexpected", re.I)


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-clients") as world, Penstock(world, config(dataplane={"cache_size": 0, "identity": "fwd-1"})):
        world._world("resolver", HOST)  # pylint: disable=protected-access
        yield world


@pytest.mark.parametrize("command,wanted", ASKS, ids=[command for command, _ in ASKS])
def test_asks(world, command, wanted):
    done = world.run("client", *command.split(), check=False)
    output = done.stdout + done.stderr
    for one in wanted:
        assert one in output, output
    assert not COMPLAINTS.search(output), output


MUSL = r"""
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
int main(int count, char** arguments) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = 0;
  int error = getaddrinfo(arguments[count - 1], 0, &hints, &found);
  if (error) return puts(gai_strerror(error)), 1;
  for (struct addrinfo* one = found; one; one = one->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void* at = one->ai_family == AF_INET ? (void*)&((struct sockaddr_in*)one->ai_addr)->sin_addr : (void*)&((struct sockaddr_in6*)one->ai_addr)->sin6_addr;
    puts(inet_ntop(one->ai_family, at, text, sizeof text));
  }
}
"""


@pytest.fixture(scope="module", name="musl")
def _musl(tmp_path_factory):
    """getaddrinfo() of an Alpine image: A and AAAA at once, and an error of one of them is the error of both."""
    program = tmp_path_factory.mktemp("musl") / "look_up"
    subprocess.run(["musl-gcc", "-static", "-x", "c", "-o", program, "-"], input=MUSL, text=True, check=True)
    return program


@pytest.mark.parametrize("name,wanted", [
    (STUDIO, STUDIO_PRIVATE),
    ("d-dualstack.studio.us-east-1.sagemaker.aws", {"10.16.110.190"}),  # its AAAA is outside `expect`, which has no IPv6
    ("www.example.com", {WWW, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"}),
])
def test_musl(world, musl, name, wanted):
    done = world.run("client", musl, name, check=False)
    assert set(done.stdout.split()) == wanted, done.stdout + done.stderr


@contextlib.contextmanager
def systemd_resolved(world):
    """In the client's namespace, with /run/systemd of its own, without D-Bus."""
    settings = f"[Resolve]\\nDNS={HOST}\\nFallbackDNS=\\nDomains=~.\\nLLMNR=no\\nMulticastDNS=no\\nDNSSEC=no\\nCache=no\\n"
    capabilities = "+net_bind_service,+net_raw,+setpcap"
    script = (f"mount -t tmpfs tmpfs /run/systemd && mkdir -p /run/systemd/resolved.conf.d /run/systemd/resolve && "
              f"printf '{settings}' >/run/systemd/resolved.conf.d/penstock.conf && chown -R 65534 /run/systemd/resolve && "
              f"exec setpriv --reuid=65534 --clear-groups --inh-caps={capabilities} --ambient-caps={capabilities} --pdeathsig KILL {RESOLVED}")
    with subprocess.Popen(world.inside("client", "unshare", "-m", "sh", "-c", script), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            yield
        finally:
            child.kill()


@pytest.mark.parametrize("server", [HOST, HOST6])
def test_three_hundred_connections_at_once(world, server):
    """As Go's resolver with `use-vc` makes them: each connects, asks and hears, none is closed for another."""
    streams = [Stream(world, server) for _ in range(300)]
    try:
        for number, stream in enumerate(streams):
            stream.send(query_for(f"d-{number}.studio.us-east-1.sagemaker.aws"))
        assert [addresses(stream.answer()) for stream in streams] == [STUDIO_PRIVATE] * 300
    finally:
        for stream in streams:
            stream.sock.close()


def test_systemd_resolved(world):
    """It begins with EDNS and DO, goes down the ladder when something is odd, and asks A and AAAA side by side."""
    with systemd_resolved(world):
        def asks(name, *options):
            return world.run("client", "dig", "@127.0.0.53", name, "+time=2", "+tries=1", *options, check=False).stdout

        eventually(lambda: "NOERROR" in asks("localhost"), "systemd-resolved runs")
        for _ in range(20):
            assert all(one in asks(STUDIO) for one in STUDIO_PRIVATE)
            assert WWW in asks("www.example.com")
            assert "NXDOMAIN" in asks("nothing.example.com")
        assert WWW in asks("www.example.com", "+tcp")
