"""tests/e2e/operation/queries_test.py - an operator sees every query: tail, grep, top and the query log."""

import json
import pathlib
import subprocess

import pytest

from bad_day import ENDPOINTS, Office, config, quick_health
from client import ask, rcode
from load import Load
from penstock import Penstock, program
from waiting import eventually
from world import VPC

STUDIO = "d-sq9djt5lr5pc.Studio.us-east-1.sagemaker.aws"


@pytest.fixture(scope="module")
def office():
    with Office("e2e-queries") as office:
        yield office


@pytest.fixture(scope="module")
def penstock(office):
    folder = pathlib.Path("/run/e2e-queries.penstock")
    log = {"queries": {"to": f"{folder}/queries.log", "pools": [VPC, "corporate"]}}
    with Penstock(office, config(quick_health(), clients={"allow": ["192.168.10.0/24"], "deny": ["192.168.10.99"]}, log=log,
                                 dataplane={"cache_size": "16MiB"})) as penstock:
        yield penstock


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def watch(penstock, *arguments):
    """penstockctl tail, which has begun once the first query that it prints is there."""
    return subprocess.Popen(penstock.world.inside("host", program("penstockctl"), "--socket", f"{penstock.run}/control.sock", "--json",
                                                  "tail", *arguments), stdout=subprocess.PIPE, text=True)


def test_tail_shows_a_query_with_what_became_of_it(office, penstock):
    tail = watch(penstock, STUDIO, "--count", "2", "--seconds", "20")
    try:
        def seen():
            ask(office, STUDIO)
            return tail.poll() is not None
        eventually(seen, "two queries are shown", 15)
        shown = lines(tail.stdout.read())
    finally:
        tail.kill()
        tail.wait()
        tail.stdout.close()
    assert len(shown) == 2
    for query in shown:
        print(query)
        assert query["name"].lower() == STUDIO.lower() and query["type"] == "A" and query["rcode"] == "NOERROR"
        assert query["client"].startswith("192.168.10.") and query["transport"] == "udp"
        assert query["pool"] == VPC and query["outcome"] in ("returned", "answered_cached", "joined_answered")
        assert query["outcome"] != "returned" or query["endpoint"] in ENDPOINTS and query["ms"] > 0


def test_grep_finds_who_was_refused_and_what_failed(office, penstock):
    assert rcode(ask(office, "a.example", "AXFR", tcp=True)) == "REFUSED"
    found = lines(penstock.ctl_run("--json", "grep", "a.example", "--rcode", "REFUSED").stdout)
    print(found)
    assert [query["outcome"] for query in found] == ["refused_transfer"] and found[0]["transport"] == "tcp"
    with office.black_hole(*ENDPOINTS):
        assert rcode(ask(office, "d-lost.studio.us-east-1.sagemaker.aws")) == "SERVFAIL"
    slow = lines(penstock.ctl_run("--json", "grep", "--slow", "1500", "--rcode", "servfail").stdout)
    assert slow and all(query["name"] == "d-lost.studio.us-east-1.sagemaker.aws" and query["sends"] > 1 for query in slow)
    nothing = penstock.ctl_run("grep", "no-such-name.example")
    assert nothing.returncode == 1 and nothing.stdout == ""
    wrong = penstock.ctl_run("grep", "--type", "NONSENSE")
    assert wrong.returncode == 1 and "'NONSENSE' is not a record type" in wrong.stderr


def test_top_counts_exactly(office, penstock):
    with Load(office, 1000, 2, names="corp.example", hot=5) as load:
        load.result()
    top = penstock.ctl("top", "corp.example", "--seconds", "3600")
    assert top["queries"] == 2000 and len(top["names"]) == 5 and sum(row["queries"] for row in top["names"]) == 2000
    words = penstock.ctl_run("top", "--once").stdout
    print(words)
    assert "per second" in words and "names" in words


def test_the_query_log_has_every_query_once(office, penstock):
    log = pathlib.Path(penstock.run) / "queries.log"
    before = penstock.metrics()
    with Load(office, 5000, 3, names="corp.example", label="logged") as load:
        seen = load.result()
    logged = [line for line in log.read_text(encoding="utf-8").splitlines() if '"name":"logged' in line]
    eventually(lambda: len(lines_of(log, "logged")) == 15000, "every query is in the log")
    logged = lines_of(log, "logged")
    assert len({(query["client"], query["port"], query["id"], query["name"]) for query in logged}) == 15000
    assert {query["pool"] for query in logged} == {"corporate"}
    answered = sum(query["rcode"] == "NOERROR" for query in logged)
    assert answered == seen.answered
    written = before.sum("penstock_query_log_written_lines_total") + 15000
    eventually(lambda: penstock.metrics().sum("penstock_query_log_written_lines_total") >= written, "a scrape says so, within a second")
    assert penstock.metrics().sum("penstock_query_log_lost_lines_total") == before.sum("penstock_query_log_lost_lines_total")


def lines_of(log, label):
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if f'"name":"{label}' in line]


def test_a_reload_changes_the_log_and_a_bad_place_is_said(office, penstock):
    model = {**penstock.model, "log": {"queries": {"to": "/proc/nowhere/queries.log"}}}
    penstock.write(model)
    assert penstock.ctl("reload")["ok"]
    eventually(lambda: "/proc/nowhere" in penstock.ctl_run("status").stdout, "status says why nothing is written")
    assert rcode(ask(office, "www.corp.example")) == "NOERROR"
    penstock.write({**model, "log": {"queries": {"to": f"{penstock.run}/errors.log", "format": "text", "rcodes": ["REFUSED"]}}})
    assert penstock.ctl("reload")["ok"]
    log = pathlib.Path(penstock.run) / "errors.log"

    def is_logged():
        ask(office, "b.example", "AXFR", tcp=True)
        ask(office, "www.corp.example")
        return log.exists() and "b.example AXFR  REFUSED" in log.read_text(encoding="utf-8")
    eventually(is_logged, "what is refused is logged")
    assert "www.corp.example" not in log.read_text(encoding="utf-8")
