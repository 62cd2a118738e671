"""tests/e2e/operation/dnstap_test.py - a dnstap collector gets every query: fstrm_capture collects, dnstap-ldns reads."""

import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest
import yaml

from bad_day import ENDPOINTS, Office, config, quick_health
from client import ask, rcode
from load import Load
from penstock import Penstock, Users
from waiting import eventually
from world import HOST

STUDIO = "d-sq9djt5lr5pc.Studio.us-east-1.sagemaker.aws"
FOLDER = pathlib.Path("/run/e2e-dnstap.collector")
SOCKET = FOLDER / "dnstap.sock"
PORT = 6000


@pytest.fixture(scope="module")
def office():
    with Office("e2e-dnstap") as office:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(mode=0o755)
        yield office
        shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture(scope="module")
def penstock(office, tmp_path_factory):
    """As a service: with the users and rights of its units."""
    users = Users(tmp_path_factory.mktemp("dnstap") / "users")
    model = config(quick_health(), clients={"allow": ["192.168.10.0/24"], "groups": {"office": {"prefixes": ["192.168.10.0/24"]}}},
                   log=log(str(SOCKET)), dataplane={"cache_size": "16MiB", "identity": "e2e-fwd"})
    with Penstock(office, model, users=users) as penstock:
        yield penstock


def log(to, **settings):
    return {"dnstap": {"to": to, **settings}}


class Collector:
    """fstrm_capture in the forwarder's namespace, at a UNIX socket or at a TCP port."""

    def __init__(self, office, name, *place):
        self.file = FOLDER / f"{name}.tap"
        self.file.unlink(missing_ok=True)
        self.command = office.inside("host", "setpriv", "--pdeathsig", "KILL", "fstrm_capture", "-t", "protobuf:dnstap.Dnstap",
                                     *(place or ("-u", SOCKET)), "-w", self.file)
        self.child = None

    def __enter__(self):
        SOCKET.unlink(missing_ok=True)
        self.child = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        if str(SOCKET) in self.command:
            eventually(SOCKET.exists, "the collector listens")
            SOCKET.chmod(0o666)
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)

    def end(self, how):
        if self.child.poll() is None:
            self.child.send_signal(how)
        self.child.wait(10)

    def messages(self):
        """All that it got, as dnstap-ldns says it. It ends first, which writes the file out."""
        self.end(signal.SIGTERM)
        said = subprocess.run(["dnstap-ldns", "-y", "-r", self.file], capture_output=True, text=True, timeout=30, check=True).stdout
        return [one for one in yaml.load_all(said, yaml.CSafeLoader) if one]


def text_of(message):
    return message["message"].get("response_message") or message["message"].get("query_message") or ""


def about(messages, name):
    return [one for one in messages if f";{name}.\t" in text_of(one)]


def kinds(messages):
    return [one["message"]["type"] for one in messages]


def counted(penstock):
    metrics = penstock.metrics()
    return {what: metrics.sum(f"penstock_dnstap_{what}") for what in ("sent_queries_total", "lost_queries_total", "failed")}


def when_sent(penstock, ask_some, before):
    """Asks, and waits until that is sent."""
    asked = ask_some()
    eventually(lambda: counted(penstock)["sent_queries_total"] >= before + asked, "the collector has it")


def when_connected(penstock):
    eventually(lambda: "failure" in (tap := penstock.ctl("status")["dnstap"]) and tap["failure"] is None, "the collector is connected", 40)


def test_a_collector_learns_who_asked_what_and_how_it_was_answered(office, penstock):
    with Collector(office, "answers") as collector:
        when_connected(penstock)
        before = counted(penstock)["sent_queries_total"]

        def ask_three():
            assert rcode(ask(office, STUDIO)) == "NOERROR"
            assert rcode(ask(office, "a.example", "AXFR", tcp=True)) == "REFUSED"
            assert rcode(ask(office, "no-such-name.example.com")) == "NXDOMAIN"
            return 3
        when_sent(penstock, ask_three, before)
        messages = collector.messages()
    print(yaml.safe_dump(about(messages, STUDIO)))
    assert {one["identity"] for one in messages} == {"e2e-fwd"}
    assert all(one["version"].startswith("penstock ") for one in messages)

    studio = about(messages, STUDIO)
    assert kinds(studio) == ["CLIENT_QUERY", "FORWARDER_QUERY", "FORWARDER_RESPONSE", "CLIENT_RESPONSE"]
    assert len({re.search(r"id: (\d+)", text_of(one)).group(1) for one in studio}) == 1
    for one in studio:
        assert one["message"]["query_zone"] == "studio.us-east-1.sagemaker.aws."
    for one in (studio[0], studio[3]):
        message = one["message"]
        assert message["query_address"].startswith("192.168.10.") and message["query_port"] > 0
        assert (message["response_address"], message["response_port"], message["socket_protocol"]) == (HOST, 53, "UDP")
    for one in studio[1:3]:
        assert one["message"]["response_address"] in ENDPOINTS
    for one in studio[2:]:
        assert one["message"]["response_time"] > one["message"]["query_time"]
        assert "rcode: NOERROR" in text_of(one) and "qr rd ra" in text_of(one)

    refused = about(messages, "a.example")
    assert kinds(refused) == ["CLIENT_QUERY", "CLIENT_RESPONSE"]
    assert "rcode: REFUSED" in text_of(refused[1]) and refused[1]["message"]["socket_protocol"] == "TCP"
    missing = about(messages, "no-such-name.example.com")
    assert "rcode: NXDOMAIN" in text_of(missing[-1]) and missing[-1]["message"]["query_zone"] == "."


def test_a_collector_that_dies_costs_no_answer_and_gets_what_it_missed(office, penstock):
    with Collector(office, "killed") as first:
        when_connected(penstock)
        with Load(office, 2000, 6, names="corp.example", label="tapped") as load:
            load.wait_until(2)
            first.end(signal.SIGKILL)
            eventually(lambda: "NOT SENT" in penstock.ctl_run("status").stdout, "status says so", 20)
            assert penstock.ctl("status")["state"] == "degraded"
            eventually(lambda: counted(penstock)["failed"] == 1, "the metric says so")
            seen = load.result()
        assert seen.lost == 0 and seen.servfail == 0
        assert rcode(ask(office, "while-it-was-away.example.com")) == "NXDOMAIN"
    with Collector(office, "again") as second:
        when_connected(penstock)

        def all_are_accounted_for():
            now = counted(penstock)
            total = penstock.metrics().sum("penstock_client_queries_total")
            return now["failed"] == 0 and now["sent_queries_total"] + now["lost_queries_total"] == total
        eventually(all_are_accounted_for, "each query is sent or counted as lost")
        messages = second.messages()
    assert kinds(about(messages, "while-it-was-away.example.com"))[-1] == "CLIENT_RESPONSE"
    assert sum(kind == "CLIENT_RESPONSE" for kind in kinds(messages)) > 4000, "what was asked while it was away"
    logged = [line for line in pathlib.Path(penstock.control.log).read_text(encoding="utf-8").splitlines() if "dnstap to " in line]
    print("\n".join(logged))
    assert len(logged) < 20, "said once, not at each try"


def test_a_reload_sends_to_another_collector_and_only_what_is_chosen(office, penstock):
    with Collector(office, "tcp", "-a", "127.0.0.1", "-p", PORT) as collector:
        penstock.write({**penstock.model, "log": log(f"127.0.0.1:{PORT}", rcodes=["NXDOMAIN"], pools=["corporate"], clients=["office"],
                                                     version="none")})
        assert penstock.ctl("reload")["ok"]
        when_connected(penstock)
        before = counted(penstock)["sent_queries_total"]

        def ask_three():
            ask(office, "www.corp.example")
            ask(office, STUDIO)
            assert rcode(ask(office, "chosen.example.com")) == "NXDOMAIN"
            return 1
        when_sent(penstock, ask_three, before)
        messages = collector.messages()
    assert about(messages, "chosen.example.com") and len(about(messages, "chosen.example.com")) == len(messages)
    assert all("version" not in one for one in messages)


class TlsProxy:
    """The TLS of a collector: it takes one connection after the other, and passes octets on to SOCKET."""

    def __init__(self, office, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = office.socket("host", socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", PORT))
        self.listener.listen()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.listener.close()

    def run(self):
        self.listener.settimeout(0.1)
        while not self.stop.is_set():
            try:
                plain, _ = self.listener.accept()
            except TimeoutError:
                continue
            try:
                plain.settimeout(2)
                with self.context.wrap_socket(plain, server_side=True) as one, socket.socket(socket.AF_UNIX) as other:
                    other.connect(str(SOCKET))
                    self.pass_on(one, other)
            except OSError as error:
                print("TLS proxy:", error)

    def pass_on(self, one, other):
        while not self.stop.is_set():
            for ready in select.select([one, other], [], [], 0.1)[0]:
                octets = ready.recv(65536)
                while ready is one and one.pending():
                    octets += one.recv(65536)
                if not octets:
                    return
                (other if ready is one else one).sendall(octets)


def make_certificate(name):
    certificate, key = FOLDER / f"{name}.pem", FOLDER / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"], capture_output=True, check=True, timeout=20)
    return certificate, key


def test_tls_sends_to_the_collector_that_has_the_certificate_and_to_no_other(office, penstock):
    certificate, key = make_certificate("collector.example")
    other, _ = make_certificate("other.example")
    with Collector(office, "tls") as collector, TlsProxy(office, certificate, key):
        def send_to(ca, name):
            penstock.write({**penstock.model, "log": log(f"127.0.0.1:{PORT}", tls={"ca": str(ca), "name": name})})
            assert penstock.ctl("reload")["ok"]
        for ca, name, why in ((other, "collector.example", "certificate is not accepted: self-signed"),
                              (certificate, "other.example", "certificate is not accepted: hostname mismatch"),
                              (FOLDER / "none.pem", "other.example", "none.pem cannot be used")):
            send_to(ca, name)
            eventually(lambda why=why: why in penstock.ctl_run("status").stdout, f"status says {why}")
            assert rcode(ask(office, "www.corp.example")) == "NOERROR"
        send_to(certificate, "collector.example")
        when_connected(penstock)
        before = counted(penstock)["sent_queries_total"]
        when_sent(penstock, lambda: len([ask(office, "over-tls.corp.example")]), before)
        messages = collector.messages()
    assert kinds(about(messages, "over-tls.corp.example"))[-1] == "CLIENT_RESPONSE"


def test_a_collector_that_does_not_read_stops_nothing(office, penstock):
    """It accepts, and says and reads nothing; then it is a program of another kind."""
    with office.socket("host", socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", PORT))
        listener.listen()
        penstock.write({**penstock.model, "log": log(f"127.0.0.1:{PORT}")})
        assert penstock.ctl("reload")["ok"]
        eventually(lambda: "no answer within 2000 ms" in penstock.ctl_run("status").stdout, "status says so")
        with Load(office, 1000, 2, names="corp.example") as load:
            assert load.result().lost == 0
    penstock.write({**penstock.model, "log": {}})
    assert penstock.ctl("reload")["ok"]
    assert "dnstap" not in penstock.ctl("status") and penstock.ctl("status")["state"] == "green"
