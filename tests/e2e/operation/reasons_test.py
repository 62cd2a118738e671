"""tests/e2e/operation/reasons_test.py - what the engineer on call reads: why an endpoint is not well, in one line."""

import pathlib

import pytest

from bad_day import ENDPOINTS, RESOLVERS, Office, config, quick_health, state_of, wait_until_all_up
from bind import bind_that_forwards_back
from penstock import Penstock
from waiting import eventually


@pytest.fixture(scope="module")
def office():
    with Office("e2e-reasons") as office:
        yield office


def log_of(penstock):
    return pathlib.Path(penstock.control.log).read_text(encoding="utf-8")


def test_a_path_that_fails_is_one_event(office):
    with Penstock(office, config(quick_health())) as penstock:
        with office.black_hole(*ENDPOINTS):
            eventually(lambda: "path to" in log_of(penstock), "the path's failure is told")
        wait_until_all_up(penstock)
        eventually(lambda: "up again, after" in log_of(penstock), "its return too")
        lines = [line for line in log_of(penstock).splitlines() if "down" in line and "pool" in line or "path to" in line]
        print("\n".join(lines))
        assert len(lines) == 2, "a line for each endpoint"
        assert "all 2 endpoints down since" in lines[0] and "no answer in" in lines[0]
        assert "all 2 endpoints up again, after" in lines[1]


def test_a_pool_that_forwards_back_is_looping(office, tmp_path):
    only = quick_health(endpoints=[RESOLVERS[1]])
    with bind_that_forwards_back(office, tmp_path), Penstock(office, config(resolvers=only), start=False) as penstock:
        penstock.start_dataplane()
        penstock.start_control()
        eventually(lambda: penstock.try_metrics() and state_of(penstock, RESOLVERS[1]) == "looping", "the loop is found", 40)
        endpoint = next(one for one in penstock.ctl("endpoints")["endpoints"] if one["address"] == RESOLVERS[1])
        print(endpoint["reason"])
        assert "came back to us from" in endpoint["reason"] and RESOLVERS[1] in endpoint["reason"]
        status = penstock.ctl("status")
        assert status["events"]["counts"]["loop_probe"] > 0
        assert any(event["kind"] == "loop_probe" and RESOLVERS[1] in event["text"] for event in status["events"]["last"])
        print(penstock.ctl_run("status").stdout)
