"""tests/e2e/operation/explain_test.py - the incident: what is cached of a name, what endpoints get, what they answer, and what clients get for it."""

import json
import socket

import pytest

from bad_day import Office, config, quick_health
from client import ask, is_answered, rcode
from load import Load
from penstock import Penstock
from scripted import Scripted
from waiting import eventually
from wire import A, SOA, name, question_of, record
from world import ENDPOINTS, VPC

SERVER = "192.168.10.77"   # answers as the test says
DEAD = "192.168.10.78"     # a host without a name server
STUDIO = "d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws"


def answer(*addresses, ttl=300):
    def reply(query):
        records = b"".join(record(A, socket.inet_aton(address), ttl=ttl) for address in addresses)
        return query[:2] + bytes.fromhex("81800001") + len(addresses).to_bytes(2, "big") + bytes(4) + question_of(query) + records
    return reply


def no_such_name(query):
    soa = name("ns.hr.example") + name("admin.hr.example") + b"".join(number.to_bytes(4, "big") for number in (1, 7200, 900, 86400, 60))
    return query[:2] + bytes.fromhex("8183000100000001") + bytes(2) + question_of(query) + record(SOA, soa, ttl=300, owner="hr.example")


@pytest.fixture(scope="module")
def office():
    with Office("e2e-explain") as office:
        yield office


@pytest.fixture(scope="module")
def server(office):
    office.run("public", "ip", "address", "add", f"{DEAD}/32", "dev", "eth0")
    with Scripted(office, "public", "eth0", SERVER) as server:
        yield server


@pytest.fixture(scope="module")
def penstock(office, server):
    pools = {
        "hr": {"kind": "route53-inbound", "endpoints": [SERVER], "cache": {"stale": "on"}, **quick_health()},
        "old": {"kind": "recursive", "endpoints": [DEAD], **quick_health()},
    }
    model = config(quick_health(), dataplane={"cache_size": "16MiB"})
    model["pools"] = {**model["pools"], **pools}
    model["zones"] = [*model.get("zones", []),
                      {"zone": "hr.example", "pool": "hr", "expect": ["10.16.0.0/16"]},
                      {"zone": "old.example", "pool": "old"}]
    with Penstock(office, model, start=False) as penstock:
        penstock.start_dataplane()
        penstock.start_control()
        eventually(lambda: penstock.try_metrics() and "penstock_dataplane_up 1" in penstock.try_metrics().text, "rules are in force", 30)

        def are_up():
            states = {one["address"]: one["state"] for one in penstock.ctl("endpoints")["endpoints"]}
            return states[SERVER] == "up" and states[DEAD] == "down" and all(states[one] == "up" for one in ENDPOINTS)
        eventually(are_up, "the endpoints are known", 30)
        eventually(lambda: is_answered(office, STUDIO), "clients get answers", 30)
        yield penstock


def show(penstock, *what):
    done = penstock.ctl_run("--json", "cache", "show", *what)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_cached_answer_is_shown_with_its_ttl_until_it_is_flushed(office, penstock, server):
    server.script[name("a.hr.example")] = answer("10.16.3.4")
    assert rcode(ask(office, "A.hr.example")) == "NOERROR"
    entry, = show(penstock, "a.hr.example", "A")
    print(entry)
    assert entry["state"] == "fresh" and entry["rcode"] == "NOERROR" and entry["pool"] == "hr"
    assert 290 <= entry["ttl_left_s"] <= 300 and entry["ttl_left_s"] + entry["age_s"] == entry["ttl_s"] == 300
    assert entry["stale_for_s"] == 86400 and entry["asked"] == ["RD"]
    assert entry["records"] == [{"section": "answer", "text": f"a.hr.example. {entry['ttl_left_s']} IN A 10.16.3.4"}]
    assert entry["rule"]["file"].endswith("penstock.yaml")
    words = penstock.ctl_run("cache", "show", "a.hr.example").stdout
    print(words)
    assert "NOERROR, 1 record" in words and "s left of 300 s" in words and "pool hr" in words
    assert penstock.ctl("cache", "flush", "a.hr.example")["entries"] == 1
    gone = penstock.ctl_run("cache", "show", "a.hr.example")
    assert gone.returncode == 1 and gone.stdout == "" and "nothing is cached for a.hr.example" in gone.stderr


def test_nxdomain_and_failures_are_shown(office, penstock, server):
    server.script[name("nobody.hr.example")] = no_such_name
    assert rcode(ask(office, "nobody.hr.example")) == "NXDOMAIN"
    entry, = show(penstock, "nobody.hr.example")
    assert entry["rcode"] == "NXDOMAIN" and 55 < entry["ttl_left_s"] <= 60
    assert [one["section"] for one in entry["records"]] == ["authority"] and " SOA " in entry["records"][0]["text"]
    assert rcode(ask(office, "x.old.example")) == "SERVFAIL"
    failed, = show(penstock, "x.old.example")
    print(failed)
    assert failed["state"] == "failure" and failed["failure"]["rcode"] == "SERVFAIL" and failed["records"] == []


def test_a_stale_answer_is_shown_as_such(office, penstock, server):
    server.script[name("short.hr.example")] = answer("10.16.3.4", ttl=1)
    assert rcode(ask(office, "short.hr.example")) == "NOERROR"
    eventually(lambda: show(penstock, "short.hr.example")[0]["state"] == "stale", "its TTL is over")
    entry, = show(penstock, "short.hr.example")
    assert entry["ttl_left_s"] == 0 and 86000 < entry["stale_for_s"] <= 86400
    memory, = penstock.ctl("explain", "short.hr.example")["memory"]
    assert memory["state"] == "stale"


def test_a_dump_has_every_answer(office, penstock, server):
    server.script[name("text.hr.example")] = answer("10.16.3.4")
    names = [f"n{number}.corp.example" for number in range(40)]
    for one in (*names, "text.hr.example"):
        assert rcode(ask(office, one)) == "NOERROR"
    dump = [json.loads(line) for line in penstock.ctl_run("--json", "cache", "dump").stdout.splitlines()]
    assert {*names, "text.hr.example"} <= {entry["name"] for entry in dump}
    assert len(dump) == penstock.ctl("cache")["cache"]["entries"] or len(dump) >= 41  # levels are a moment old
    below = show(penstock, "corp.example", "--below")
    assert {entry["name"] for entry in below} == set(names)
    words = penstock.ctl_run("cache", "dump").stdout
    lines = [line for line in words.splitlines() if not line.startswith(";")]
    assert "n7.corp.example." in words and all(len(line.split()) >= 5 and line.split()[2] == "IN" for line in lines)


def test_dumps_under_load_cost_no_answer(office, penstock):
    with Load(office, 5000, 3, names="corp.example", hot=2000) as load:
        for _ in range(5):
            assert penstock.ctl_run("cache", "dump").returncode == 0
        seen = load.result()
    print(seen)
    assert seen.answered == seen.asked


def test_explain_names_the_rules_that_competed_and_the_query(penstock):
    told = penstock.ctl("explain", "www.hr.example", "--client", "192.168.10.20")
    outcomes = [(one["zone"], one["outcome"]) for one in told["candidates"]]
    assert outcomes == [("hr.example", "wins"), ("default", "loses")]
    assert told["query"]["udp_size"] == 1232 and told["query"]["flags"] == ["RD", "AD"] and told["query"]["options"] == []
    words = penstock.ctl_run("explain", "www.hr.example").stdout
    print(words)
    for part in ("wins: hr.example of zones[", "loses: default (", "it is for names that no zone has", "nothing for this question", "RD AD, EDNS 1232"):
        assert part in words, part


def test_sent_to_good_endpoints(penstock):
    told = penstock.ctl("explain", STUDIO, "--send")
    print(penstock.ctl_run("explain", STUDIO, "--send").stdout)
    assert {one["address"] for one in told["sent"]} == set(ENDPOINTS) and told["pool"]["name"] == VPC
    for one in told["sent"]:
        assert one["verdict"]["finding"] == "passed" and one["verdict"]["ok"] and one["answer"]["rcode"] == "NOERROR"
        assert 0 < one["ms"] < 1800 and any("10.16." in record["text"] for record in one["answer"]["records"])


def test_sent_to_a_dead_endpoint(penstock):
    done = penstock.ctl_run("explain", "x.old.example", "--send")
    print(done.stdout)
    assert done.returncode == 1
    assert f"sent to {DEAD} over udp: no answer" in done.stdout and "client gets" in done.stdout


def test_a_public_address_for_a_private_name_is_a_leak_for_both(office, penstock, server):
    server.script[name("gone.hr.example")] = answer("54.84.43.253")
    seen = ask(office, "gone.hr.example")
    assert rcode(seen) == "SERVFAIL"
    done = penstock.ctl_run("explain", "gone.hr.example", "--send")
    print(done.stdout)
    assert done.returncode == 1
    assert "LEAK" in done.stdout and "54.84.43.253" in done.stdout and "SERVFAIL (EDE 17, Filtered)" in done.stdout
    sent, = json.loads(penstock.ctl_run("--json", "explain", "gone.hr.example", "--send").stdout)["sent"]
    assert sent["verdict"]["finding"] == "leak" and not sent["verdict"]["ok"]


def test_wrong_use(penstock):
    assert penstock.ctl_run("cache", "show").returncode == 2
    assert penstock.ctl_run("cache", "show", "a..b").returncode == 1
    done = penstock.ctl_run("explain", "a.example", "--send", "--config", str(penstock.file))
    assert done.returncode == 2 and "--send" in done.stderr
