"""tests/e2e/operation/metrics_test.py - the page that Prometheus scrapes, and the sums that must close."""
import os
import pathlib
import socket
import subprocess
import time

import pytest

from client import ask, rcode
from penstock import Penstock, config
from waiting import eventually
from world import STUDIO, World


@pytest.fixture(scope="module", name="office")
def _office():
    with World("e2e-metrics") as world, Penstock(world, config()) as penstock:
        yield world, penstock


def test_promtool_finds_nothing_to_say(office):
    _, penstock = office
    done = subprocess.run(["promtool", "check", "metrics"], input=penstock.metrics().text, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stdout + done.stderr == ""


def test_our_own_names_start_with_penstock(office):
    _, penstock = office
    ours = {name for name, _, _ in penstock.metrics().series}
    assert ours and all(name.startswith("penstock_") for name in ours)


def test_every_frame_is_accounted_for_when_it_is_quiet(office):
    world, penstock = office
    for number in range(50):
        ask(world, STUDIO if number % 2 else f"n{number}.example.com")
    world.run("client", "ping", "-n", "-c", 2, "-i", "0.1", "192.168.10.86")
    eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")
    assert penstock.metrics().sum("penstock_queries_total", outcome="forwarded") >= 50


def test_answers_are_counted_by_rule_and_rcode(office):
    world, penstock = office

    def difference(page):
        return page.sum("penstock_rule_answers_total") - page.sum("penstock_client_queries_total")
    eventually(lambda: difference(penstock.metrics()) == 0, "each query that is over is an answer of one rule")
    before = penstock.metrics()
    answers = [rcode(ask(world, name)) for name in [STUDIO] * 7 + ["www.example.com"] * 5 + ["no-such-name.example.com"] * 3]

    def counted(rule, code):
        return [page.sum("penstock_rule_answers_total", rule=rule, rcode=code) for page in (before, penstock.metrics())]

    eventually(lambda: counted("studio[0] studio", "NOERROR")[1] - counted("studio[0] studio", "NOERROR")[0] == 7, "seven by the rule of Studio")
    for code in ("NOERROR", "NXDOMAIN"):
        first, last = counted("default", code)
        assert last - first == answers[7:].count(code), code
    assert difference(penstock.metrics()) == 0 and penstock.metrics().sum("penstock_rule_answers_missed_total") == 0


def test_both_processes_say_what_they_take(office):
    _, penstock = office
    for process in ("control", "dataplane"):
        pid = getattr(penstock, process).child.pid
        page = penstock.metrics()
        assert page.sum("penstock_process_cpu_seconds_total", process=process) > 0
        resident = page.sum("penstock_process_resident_memory_bytes", process=process)
        assert resident == pytest.approx(resident_of(pid), rel=0.2), process
        assert page.sum("penstock_process_open_fds", process=process) == pytest.approx(len(os.listdir(f"/proc/{pid}/fd")), abs=8), process
        assert page.sum("penstock_process_max_fds", process=process) >= 1024
        assert page.sum("penstock_build_info", process=process) == 1
        assert time.time() - page.sum("penstock_process_start_time_seconds", process=process) < 600


def resident_of(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def test_who_says_nothing_keeps_neither_scrape_nor_penstockctl_out(office):
    world, penstock = office
    held = []
    try:
        for _ in range(80):
            held.append(world.socket("host", socket.AF_INET, socket.SOCK_STREAM))
            held[-1].connect(("127.0.0.1", 9153))
            held[-1].sendall(b"GET /metr")
            held.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            held[-1].connect(f"{penstock.run}/control.sock")
            held[-1].sendall(b'{"comm')
        begin = time.monotonic()
        assert penstock.metrics().sum("penstock_dataplane_up") == 1
        assert penstock.ctl("status")["dataplane"]
        assert time.monotonic() - begin < 3
    finally:
        for one in held:
            one.close()


def test_an_endpoint_that_stops_is_seen_to_be_down(office):
    world, penstock = office
    world.stop("studio-us-east-1-2")
    eventually(lambda: penstock.metrics().sum("penstock_endpoint_state", state="up", pool="studio-us-east-1") == 1, "one endpoint down")
    world.start("studio-us-east-1-2")
    eventually(lambda: penstock.metrics().sum("penstock_endpoint_state", state="up", pool="studio-us-east-1") == 2, "both endpoints up")
