"""tests/e2e/protocol/letters_test.py - names asked in random case (0x20): of a server that keeps letters, of one that does not, and of one that
seems to."""
import socket

import pytest

from client import addresses, ask, rcode
from nsd import Nsd
from penstock import Penstock, config
from scripted import Scripted
from waiting import eventually
from wire import A, message, name, question_of, record
from world import ENDPOINTS, RESOLVER, VPC, World

LOWERS, LIAR = "192.168.10.77", "192.168.10.78"
ZONE = """\
$ORIGIN letters.test.
$TTL 60
@ SOA ns hostmaster 1 3600 900 86400 60
@ NS ns
ns A 10.1.0.1
* A 10.1.0.2
"""


def in_small_letters(query):
    asked = question_of(query)
    return message(0x8180, [asked[:-4].lower() + asked[-4:]], [record(A, bytes([10, 1, 0, 3]))], identity=int.from_bytes(query[:2], "big"))


class Lowering(Scripted):
    """Whatever it is asked."""
    def _answer(self, query, over):
        super()._answer(query, over)
        return [in_small_letters(query)]


class Capture:
    """What arrives in the VPC: a server does not say how it was asked."""
    def __init__(self, world):
        self.sock = world.socket(VPC, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.settimeout(2)

    def spelling(self, wire):
        """Of the first query for that name, in whatever letters."""
        while True:
            frame = self.sock.recv(2048)
            at = frame.lower().find(wire.lower())
            if at >= 12 and not frame[at - 10] & 0x80:
                return frame[at:at + len(wire)]


@pytest.fixture(scope="module", name="world")
def _world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nsd")
    (folder / "zone").write_text(ZONE, encoding="utf-8")
    with World("e2e-letters") as world, Nsd(world, folder, {"letters.test": folder / "zone"}):
        yield world


@pytest.fixture(scope="module", name="servers")
def _servers(world):
    with Lowering(world, "public", "eth0", LOWERS) as lowers, Scripted(world, "public", "eth0", LIAR) as liar:
        liar.script[name("www.liar.test")] = in_small_letters
        yield {"lowers": lowers, "liar": liar}


@pytest.fixture(scope="module", name="penstock")
def _penstock(world, servers):
    """All that is written of letters is `randomise_case: true`."""
    soon = {"health": {"interval": "600ms"}, "randomise_case": True}
    model = config(studio=None, zones=[{"zone": f"{zone}.test", "pool": zone} for zone in ("letters", "lowers", "liar")])
    model["pools"] = {
        "letters": {"kind": "route53-inbound", "endpoints": [ENDPOINTS[0]], **soon},
        "lowers": {"kind": "recursive", "endpoints": [LOWERS], **soon},
        "liar": {"kind": "recursive", "endpoints": [LIAR], **soon},
        "corporate": {"kind": "recursive", "endpoints": [RESOLVER]},
    }
    assert len(servers) == 2
    with Penstock(world, model) as penstock:
        eventually(lambda: [len(pool["as_typed"]) for pool in drawn(penstock)] == [0, 1, 0], "the probes have told who keeps letters", 6)
        yield penstock
        eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every packet is accounted for")


def drawn(penstock):
    return penstock.ctl("status")["dataplane"]["entropy"]["case"]


def heard(server, text):
    """The spellings of the name that the server was asked for, in their order."""
    return [query[12:12 + len(name(text))] for query, _ in server.heard if query[12:].lower().startswith(name(text).lower())]


def test_a_server_that_keeps_letters(world, penstock):
    capture, seen = Capture(world), []
    for number in range(6):
        text = f"One-{number}.Letters.test."
        answer = ask(world, text)
        assert addresses(answer) == {"10.1.0.2"}
        assert answer.question[0].name.to_text() == text, "the client's own spelling"
        assert answer.answer[0].name.to_text() == text
        seen.append(capture.spelling(name(text)))
    assert sum(spelling != name(f"One-{number}.Letters.test.") for number, spelling in enumerate(seen)) >= 5
    assert len({spelling[6:] for spelling in seen}) >= 5, "drawn for each"
    over_tcp = ask(world, "Over-TCP.Letters.test.", tcp=True)
    assert (addresses(over_tcp), over_tcp.question[0].name.to_text()) == ({"10.1.0.2"}, "Over-TCP.Letters.test.")
    assert penstock.metrics().sum("penstock_responses_total", outcome="wrong_case") == 0


def test_a_server_that_answers_in_small_letters(world, servers, penstock):
    """It is healthy, asked as the client wrote, and its answers are good for the client."""
    server = servers["lowers"]
    assert len(set(heard(server, "127.in-addr.arpa"))) > 2, "the probes draw their letters"
    for text in ("www.lowers.test.", "WwW.LOWERS.Test."):
        server.heard.clear()
        answer = ask(world, text)
        assert (rcode(answer), addresses(answer)) == ("NOERROR", {"10.1.0.3"})
        assert answer.question[0].name.to_text() == text
        assert heard(server, text) == [name(text)]
    assert ask(world, "Over-TCP.Lowers.test.", tcp=True).question[0].name.to_text() == "Over-TCP.Lowers.test."
    metrics = penstock.metrics()
    assert metrics.sum("penstock_responses_total", outcome="wrong_case") == 0
    assert metrics.sum("penstock_endpoint_state", address=LOWERS, state="up") == 1


def test_a_server_whose_probes_were_right(world, servers, penstock):
    """An answer in other letters than were drawn is dropped and counted, and it is asked again over TCP, as the client wrote."""
    server = servers["liar"]
    answer = ask(world, "www.liar.test.")
    assert (rcode(answer), addresses(answer)) == ("NOERROR", {"10.1.0.3"})
    spellings = heard(server, "www.liar.test")
    assert len(spellings) == 2 and spellings[1] == name("www.liar.test") != spellings[0]
    assert [how for query, how in server.heard if query[12:].lower().startswith(name("www.liar.test"))] == ["udp", "tcp"]
    metrics = penstock.metrics()
    assert metrics.sum("penstock_responses_total", outcome="wrong_case") == 1
    assert metrics.sum("penstock_retries_total", outcome="over_tcp") == 1
    assert metrics.sum("penstock_endpoint_odd_responses_total", address=LIAR) == 1
    eventually(lambda: penstock.metrics().sum("penstock_events_total", kind="forged") == 1, "it is told")


def test_status_and_check_say_where_letters_are_drawn(penstock):
    status = penstock.ctl_run("status").stdout
    assert f"pool lowers 1 more per letter of the name, not {LOWERS} (changes the case of names)" in status
    assert "pool letters 1 more per letter of the name;" in status
    checked = penstock.ctl_run("check", penstock.file).stdout
    assert checked.count("random while an endpoint repeats that of its probes") == 3
    assert "127.in-addr.arpa (default) every 600ms" in checked
