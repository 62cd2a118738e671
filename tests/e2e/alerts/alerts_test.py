"""tests/e2e/alerts/alerts_test.py - Debian's Prometheus and Alertmanager beside a real Penstock under load: each alert fires when its fault is
there, and ends when it is mended; on a good day there is none. An hour is a minute (tests/support/monitoring/quick_rules.py).

PENSTOCK_FULL=1: the good day lasts an hour, and a second world has two lcores (tests/e2e/alerts/all).
"""
import contextlib
import math
import os
import re
import shutil
import time

import pytest

import faults
from board import draw, queries
from company import Company
from quick_rules import QUICKER, quick_expression, quicker, rules
from waiting import eventually
from world import ROOT

FULL = os.environ.get("PENSTOCK_FULL") == "1"
GOOD_DAY = 3600 / QUICKER if FULL else 10  # seconds
NOT_CAUSED = {"PenstockAccountingResidual", "PenstockLcoreSaturated"}  # README.md says why
by_hand = pytest.mark.skipif(not FULL, reason="a world of its own: tests/e2e/alerts/all")
PATIENCE = 100  # seconds, of a busy machine

pytestmark = pytest.mark.seconds(300)


@pytest.fixture(scope="module", name="company")
def _company(tmp_path_factory):
    with Company(tmp_path_factory.mktemp("monitoring")) as company:
        yield company


def test_the_alerts_are_the_delivered_ones_but_for_their_times():
    assert quick_expression("a[10m] > 60 and b[1h] offset 1h < avg_over_time(c[1d])") == "a[10000ms] > 60 and b[60000ms] offset 60000ms < avg_over_time(c[1440000ms])"
    assert quick_expression('x{le="5m"}[1m]') == 'x{le="5m"}[4000ms]', "two scrapes at least"
    assert quicker("30s") == "500ms"


def test_every_alert_has_its_fault():
    caused = {alert for fault in (*faults.OF_OTHERS, *faults.OF_OURS, *faults.OF_TWO_LCORES) for alert, _ in fault.alerts}
    assert caused | NOT_CAUSED == {rule["alert"] for rule in rules() if "alert" in rule}


def test_a_good_day_has_no_alert(company):
    def is_usual():
        seen = company.monitoring.query("sum(rate(penstock_client_queries_total[10s]))")
        return seen and seen[0][1] > 180 and company.monitoring.query("penstock:cache_answers:ratio_rate10m")

    eventually(is_usual, "clients ask, and Prometheus sees it", 30)
    # Prometheus looks for the first time some seconds after its start: minutes in which it could not reach us.
    eventually(lambda: not company.receiver.fires(), "what the start told is over", 20)
    company.receiver.all.clear()
    end = time.monotonic() + GOOD_DAY
    while time.monotonic() < end:
        assert not company.receiver.all, company.receiver.all
        time.sleep(0.5)
    assert set(company.monitoring.states().values()) <= {"inactive", "pending"}


def wait_until_told(company, causes):
    """All alerts of these faults, whichever comes first."""
    missing = [(fault.description, alert, labels) for fault in causes for alert, labels in fault.alerts]
    begin = time.monotonic()

    def all_told():
        for one in [one for one in missing if company.receiver.fires(one[1], **one[2])]:
            missing.remove(one)
            print(f"{time.monotonic() - begin:5.1f} s  {one[1]} fires: {one[0]}")
        return not missing

    try:
        eventually(all_told, "alerts fire", PATIENCE, 0.2)
    except AssertionError as late:
        raise AssertionError(f"{late}: {missing}; what fires: {company.receiver.fires()}") from None


def wait_until_all_is_well(company, but=()):
    def firing():
        return [labels for labels in company.receiver.fires() if labels["alertname"] not in but]

    try:
        eventually(lambda: not firing(), "alerts end", PATIENCE, 0.2)
    except AssertionError as late:
        raise AssertionError(f"{late}, but {firing()}") from None


def test_faults_of_servers_networks_and_clients_are_told_and_their_end(company):
    with contextlib.ExitStack() as causes:
        for fault in faults.OF_OTHERS:
            causes.enter_context(fault.cause(company))
        wait_until_told(company, faults.OF_OTHERS)
    wait_until_all_is_well(company, but={"PenstockLatencyBudgetSlow"})  # it looks back for longest, and ends beside the next faults


def one_by_one(company, causes):
    for fault in causes:
        with fault.cause(company):
            wait_until_told(company, [fault])
    wait_until_all_is_well(company)


def test_faults_of_our_processes_are_told_and_their_end(company):
    one_by_one(company, faults.OF_OURS)


def test_what_was_told_reads_well_and_names_its_page(company):
    for _, labels, annotations in company.receiver.all:
        assert (ROOT / annotations["runbook"]).is_file(), annotations
        summary = annotations["summary"]
        assert "<no value>" not in summary and "error" not in summary and "  " not in summary, summary
        assert summary.startswith(labels.get("instance", "")), summary


def test_every_query_of_the_board_has_data(company):
    """Over the time of all of the above. What is hidden while it is 0 ("> 0") must be there, be it 0."""
    since = time.time() - company.monitoring.started
    empty = []
    for panel, expression in queries("10s"):
        series = company.monitoring.query_range(re.sub(r"\s*> 0$", "", expression), since)
        if not any(math.isfinite(value) for _, values in series for value in values):
            empty.append(f"{panel}: {expression}")
    assert not empty, "\n".join(empty)


@by_hand
@pytest.mark.skipif(not shutil.which("chromium"), reason="not checked: no chromium (deploy/install-packages board)")
def test_a_browser_draws_the_board(company, tmp_path):
    """A panel may be empty only because all its queries hide what is 0."""
    done = draw(company.monitoring, tmp_path / "board.png")
    empty = set(done.stdout.strip().removeprefix("no data: ").split("; ")) - {"all panels have data"}
    assert empty <= {panel for panel, _ in queries("10s")}, done.stdout + done.stderr
    shown = {panel for panel, expression in queries("10s") if not expression.endswith("> 0")}
    assert not empty & shown, done.stdout


@by_hand
def test_a_full_ring_between_two_lcores_is_told_and_its_end(tmp_path):
    """A world of its own."""
    with Company(tmp_path, "e2e-rings", lcores=2) as company:
        eventually(lambda: company.monitoring.query("up"), "Prometheus scrapes", 20)
        one_by_one(company, faults.OF_TWO_LCORES)
