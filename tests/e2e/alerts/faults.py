"""tests/e2e/alerts/faults.py - what makes each alert fire. A fault is a context: it is there inside, and mended behind it.

They do not disturb each other, so all of a list are there at a time. OF_OTHERS: servers, networks, clients. OF_OURS: our two processes, one
after the other. OF_TWO_LCORES: a ring between them. Which alerts are in no list, and why, is in README.md.
"""
import contextlib
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Callable

from bind import bind_that_forwards_back
from company import DENIED, FIRST_PORT, LOUD, NO_NAMES, PORTS_OF_AN_LCORE, endpoint
from freeze import frozen, thread_of, threads
from impair import Impairment
from load import STUDIO_NAMES
from scripted import empty
from waiting import eventually
from wire import REFUSED, SERVFAIL, name
from world import ENDPOINTS, HOST, VPC


@dataclass
class Fault:
    description: str
    cause: Callable
    alerts: list = field(default_factory=list)  # (name, labels)


@contextlib.contextmanager
def drops(company, where, table, rule):
    """An nft rule of a namespace."""
    company.office.run(where, "nft", f"add table ip {table}; add chain ip {table} in {{ type filter hook input priority 0; }}; add rule ip {table} in {rule} drop")
    try:
        yield
    finally:
        company.office.run(where, "nft", f"delete table ip {table}")


@contextlib.contextmanager
def one_endpoint_silent(company):
    with company.office.black_hole(ENDPOINTS[1]):
        yield


@contextlib.contextmanager
def a_pool_silent(company):
    """Some of its names are in the cache, others are not."""
    metrics = company.penstock.metrics
    with company.asks(50, "gone.example", hot=20):
        before = metrics().sum("penstock_endpoint_responses_total", pool="gone")
        eventually(lambda: metrics().sum("penstock_endpoint_responses_total", pool="gone") > before + 20, "the names are cached")
        with drops(company, company.place("gone"), "gone", f"ip daddr {endpoint('gone')}"), company.asks(250, "gone.example"):
            yield


@contextlib.contextmanager
def an_endpoint_without_a_route(company):
    company.office.run("host", "ip", "route", "add", "unreachable", f"{endpoint('unrouted')}/32")
    try:
        yield
    finally:
        company.office.run("host", "ip", "route", "del", "unreachable", f"{endpoint('unrouted')}/32")


@contextlib.contextmanager
def tcp_blocked(company):
    with drops(company, company.place("no-tcp"), "notcp", f"ip daddr {endpoint('no-tcp')} tcp dport 53"):
        yield


@contextlib.contextmanager
def a_long_way(company):
    with Impairment(company.office, company.place("far"), endpoint("far"), device="eni", answer={"delay": 0.3}), company.asks(400, "far.example"):
        yield


@contextlib.contextmanager
def forgers(company):
    with Impairment(company.office, company.place("forged"), endpoint("forged"), device="eni", script={"q": "forge:40"}), company.asks(20, "forged.example"):
        yield


def asking(rate, zone, **how):
    @contextlib.contextmanager
    def cause(company):
        with company.asks(rate, zone, **how):
            yield

    return cause


@contextlib.contextmanager
def too_many_connections(company):
    """12, of 10 that there may be: those that are closed come again."""
    clients = subprocess.Popen(company.office.inside("client", "setpriv", "--pdeathsig", "KILL", "python3", "-c", fr"""
import socket, time
connect = lambda: socket.create_connection(("{HOST}", 53))
query = b"\0\x1c\x12\x34\1\0\0\1\0\0\0\0\0\0\x01n\x04corp\x07example\0\0\1\0\1"
query = (len(query) - 2).to_bytes(2, "big") + query[2:]
open_ = [connect() for _ in range(12)]
while True:
    for i, one in enumerate(open_):
        try:
            one.sendall(query)
            if not one.recv(512): raise OSError
        except OSError:
            one.close()
            open_[i] = connect()
    time.sleep(0.5)
"""))
    try:
        yield
    finally:
        clients.kill()
        clients.wait()


@contextlib.contextmanager
def an_endpoint_that_refuses_and_fails(company):
    def says(rcode):
        return lambda query: empty(query, rcode)

    company.broken.script = {name(f"{label}.broken.example"): says(rcode) for label, rcode in (("fails", SERVFAIL), ("refuses", REFUSED))}
    with company.asks(20, name="fails.broken.example"), company.asks(20, name="refuses.broken.example"):
        yield


@contextlib.contextmanager
def a_full_disk(company):
    filler = company.log / "filler"
    try:
        with open(filler, "wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
                file.flush()
    except OSError:  # of close: what was in the buffer
        pass
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def a_resolver_that_forwards_back(company):
    folder = company.folder / "bind"
    folder.mkdir()
    folder.chmod(0o777)
    with bind_that_forwards_back(company.office, folder):
        company.penstock.ctl("reload")  # pools are asked for loops after new rules
        yield


@contextlib.contextmanager
def a_bad_file(company):
    """Reloaded, and refused."""
    good = company.penstock.model
    company.penstock.write({**good, "colour": "blue"})
    assert company.penstock.ctl_run("reload").returncode != 0
    try:
        yield
    finally:
        company.penstock.write(good)
        company.penstock.ctl("reload")


@contextlib.contextmanager
def rules_that_were_rolled_back(company):
    """The file on disk is left as it is."""
    penstock = company.penstock
    good = penstock.model
    penstock.write({**good, "browser_canaries": "nxdomain"})
    penstock.ctl("reload")
    penstock.ctl("rules", "rollback")
    try:
        yield
    finally:
        penstock.write(good)
        penstock.ctl("reload")


@contextlib.contextmanager
def control_hangs(company):
    """One thread of it: the one that probes and beats. The one that serves metrics goes on."""
    with frozen(company.penstock.control.child.pid):
        yield


@contextlib.contextmanager
def an_lcore_hangs(company):
    """One thread of the dataplane, while a burst of queries comes. The one that talks to control goes on."""
    with frozen(thread_of(company.penstock.dataplane.child.pid, "rte-worker")):
        with company.asks(3000, STUDIO_NAMES, listen=False):
            time.sleep(2)
        yield


@contextlib.contextmanager
def new_rules_are_not_handed_over(company):
    """Reloaded while no dataplane is there; when it comes, by its last good rules, the threads of control that compile hang."""
    penstock = company.penstock
    good = penstock.model
    penstock.dataplane.end(signal.SIGKILL)
    eventually(lambda: penstock.metrics().sum("penstock_dataplane_up") == 0, "control knows")
    penstock.write({**good, "browser_canaries": "nxdomain"})
    penstock.ctl("reload")
    _, *compilers = threads(penstock.control.child.pid)[:3]  # those of RuleLoader are the first ones after main()'s
    with frozen(compilers[0]), frozen(compilers[1]):
        penstock.start_dataplane()
        yield
    penstock.write(good)
    eventually(lambda: penstock.ctl_run("reload").returncode == 0, "the rules are handed over")


@contextlib.contextmanager
def the_dataplane_dies(company):
    company.penstock.dataplane.end(signal.SIGKILL)
    try:
        yield
    finally:
        company.penstock.start_dataplane()


@contextlib.contextmanager
def control_dies(company):
    company.penstock.control.end(signal.SIGKILL)
    try:
        yield
    finally:
        company.penstock.start_control()


@contextlib.contextmanager
def control_starts_with_a_bad_file(company):
    good = company.penstock.model
    company.penstock.control.end()
    company.penstock.write({**good, "colour": "blue"})
    company.penstock.start_control()
    eventually(lambda: company.penstock.try_metrics(), "control runs by its copy", 20)
    try:
        yield
    finally:
        company.penstock.write(good)
        company.penstock.ctl("reload")


@contextlib.contextmanager
def a_ring_between_lcores_is_full(company):
    """One of two lcores hangs, and responses that are nobody's come to its ports: the other lcore has nobody to hand them to."""
    first, last = FIRST_PORT, FIRST_PORT + PORTS_OF_AN_LCORE * company.lcores
    forger = subprocess.Popen(company.office.inside(VPC, "setpriv", "--pdeathsig", "KILL", sys.executable, "-c", rf"""
import socket, struct, time
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
body = b"\x12\x34\x81\x80\0\1\0\0\0\0\0\0\x01n\x04corp\x07example\0\0\1\0\1"
head = b"\x45\0\0\0\0\0\0\0\x40\x11\0\0" + socket.inet_aton("{ENDPOINTS[0]}") + socket.inet_aton("{HOST}")
while True:
    for port in range({first}, {last}):
        sock.sendto(head + struct.pack("!4H", 53, port, 8 + len(body), 0) + body, ("{HOST}", 0))
    time.sleep(0.1)
"""))
    try:
        with frozen(thread_of(company.penstock.dataplane.child.pid, "rte-worker")):
            yield
    finally:
        forger.kill()
        forger.wait()


OF_OTHERS = [
    Fault("one of two endpoints is silent", one_endpoint_silent, [("PenstockEndpointDown", {"address": ENDPOINTS[1]})]),
    Fault("the only endpoint of a pool is silent", a_pool_silent, [
        ("PenstockPoolDown", {"pool": "gone"}), ("PenstockStaleAnswers", {}), ("PenstockServfailShare", {}),
        ("PenstockPendingHalfFull", {}), ("PenstockEntropyLow", {})]),
    Fault("no route to an endpoint", an_endpoint_without_a_route, [("PenstockEndpointUnreachable", {"address": endpoint("unrouted")})]),
    Fault("a firewall drops TCP to an endpoint", tcp_blocked, [("PenstockEndpointTcpBroken", {"address": endpoint("no-tcp")})]),
    Fault("the way to an endpoint is 300 ms longer", a_long_way, [
        ("PenstockEndpointImpaired", {"address": endpoint("far"), "state": "slow"}), ("PenstockSlowAnswers", {}),
        ("PenstockLatencyBudgetFast", {}), ("PenstockLatencyBudgetSlow", {})]),
    Fault("60 % of a budget", asking(60, "half.example"), [("PenstockEndpointBudgetHalf", {"address": endpoint("half")})]),
    Fault("90 % of a budget", asking(90, "full.example"), [("PenstockEndpointBudgetThreeQuarters", {"address": endpoint("full")})]),
    Fault("four times a budget", asking(160, "over.example"), [("PenstockQueriesOverLimit", {})]),
    Fault("answers have addresses that are not expected", asking(5, "leak.example"), [("PenstockLeak", {"outcome": "blocked"})]),
    Fault("a resolver forwards back", a_resolver_that_forwards_back, [("PenstockLoop", {})]),
    Fault("a client asks ten times as much as it may", asking(200, STUDIO_NAMES, addresses=LOUD, sockets=1), [("PenstockClientOverRate", {})]),
    Fault("somebody forges responses", forgers, [("PenstockForgedResponses", {})]),
    Fault("names that do not exist", asking(500, NO_NAMES), [("PenstockNxdomainShare", {}), ("PenstockCacheShareFell", {})]),
    Fault("clients that may not ask", asking(150, STUDIO_NAMES, addresses=DENIED), [("PenstockRefusedShare", {})]),
    Fault("more TCP connections than there may be", too_many_connections, [("PenstockLimitNear", {"limit": "tcp connections"})]),
    Fault("an endpoint refuses some names and fails at others", an_endpoint_that_refuses_and_fails),
    Fault("the disk of the query log is full", a_full_disk, [("PenstockQueryLogIncomplete", {})]),
    Fault("a bad file is reloaded", a_bad_file, [("PenstockReloadFailed", {})]),
]

OF_OURS = [
    Fault("rules were rolled back", rules_that_were_rolled_back, [("PenstockRolledBack", {})]),
    Fault("control hangs", control_hangs, [("PenstockControlSilent", {})]),
    Fault("an lcore hangs", an_lcore_hangs, [("PenstockLcoreHangs", {"lcore": "0"}), ("PenstockPortLosesFrames", {"reason": "receive_missed"})]),
    Fault("control dies", control_dies, [("PenstockControlAway", {})]),
    Fault("control starts with a bad file", control_starts_with_a_bad_file, [("PenstockRunsByLastGoodCopy", {})]),
    Fault("the dataplane dies", the_dataplane_dies, [("PenstockDataplaneAway", {})]),
    Fault("new rules are not handed over", new_rules_are_not_handed_over, [("PenstockRulesetDiffers", {})]),
]

# By tests/e2e/alerts/all: a world of its own.
OF_TWO_LCORES = [Fault("the ring of an lcore is full", a_ring_between_lcores_is_full, [("PenstockFramesLost", {"outcome": "full"})])]
