"""tests/e2e/operation/metrics_test.py - the page that Prometheus scrapes, and the sums that must close."""
import socket
import subprocess
import time

import pytest

from client import ask
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
    ours = {name for name, _, _ in penstock.metrics().series if not name.startswith("process_")}
    assert ours and all(name.startswith("penstock_") for name in ours)


def test_every_frame_is_accounted_for_when_it_is_quiet(office):
    world, penstock = office
    for number in range(50):
        ask(world, STUDIO if number % 2 else f"n{number}.example.com")
    world.run("client", "ping", "-n", "-c", 2, "-i", "0.1", "192.168.10.86")
    eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")
    assert penstock.metrics().sum("penstock_queries_total", outcome="forwarded") >= 50


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
