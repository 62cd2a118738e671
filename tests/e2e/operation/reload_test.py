"""tests/e2e/operation/reload_test.py - new rules while queries run: taken whole, refused whole, never a leak in between."""
import signal
import threading
import time

import pytest

from client import addresses, ask, rcode
from penstock import Penstock, config
from waiting import eventually
from world import STUDIO, STUDIO_PRIVATE, World


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-reload") as world:
        yield world


@pytest.fixture(name="penstock")
def _penstock(world):
    with Penstock(world, config()) as penstock:
        yield penstock


def generation(penstock):
    return penstock.metrics().sum("penstock_ruleset_generation", process="dataplane")


BLOCKED = [{"zone": "ads.example", "answer": "nxdomain"}]


def test_a_reload_brings_new_rules(world, penstock):
    before = generation(penstock)
    penstock.write(config(zones=BLOCKED))
    done = penstock.ctl_run("reload")
    assert done.returncode == 0, done.stdout + done.stderr
    assert generation(penstock) > before
    public = world.asked("public")
    assert rcode(ask(world, "tracker.ads.example")) == "NXDOMAIN"
    assert world.asked("public") == public


def test_hup_does_the_same(world, penstock):
    before = generation(penstock)
    penstock.write(config(zones=BLOCKED))
    penstock.control.child.send_signal(signal.SIGHUP)
    eventually(lambda: generation(penstock) > before, "a new generation")
    assert rcode(ask(world, "ads.example")) == "NXDOMAIN"


@pytest.mark.parametrize("change,reason", [
    ({"default": {"pool": "nowhere"}}, "nowhere"),
    ({"colour": "blue"}, "colour"),
    ({"zones": [{"zone": "a..b", "pool": "corporate"}]}, "a..b"),
], ids=["unknown pool", "unknown key", "bad name"])
def test_a_bad_file_keeps_the_rules_and_says_why(world, penstock, change, reason):
    before = generation(penstock)
    penstock.write(config(**change))
    done = penstock.ctl_run("reload")
    assert done.returncode != 0
    assert reason in done.stdout + done.stderr
    assert generation(penstock) == before
    assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE


def test_a_reload_that_would_remove_private_zones_is_refused_unless_accepted(world, penstock):
    before, public = generation(penstock), world.asked("public")
    penstock.write(config(studio=None))
    done = penstock.ctl_run("reload")
    assert done.returncode != 0
    assert "studio.us-east-1.sagemaker.aws" in done.stdout + done.stderr
    assert generation(penstock) == before
    assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE
    assert world.asked("public") == public, "a Studio name went to public DNS"

    done = penstock.ctl_run("reload", "--accept-removals")
    assert done.returncode == 0, done.stdout + done.stderr
    assert generation(penstock) > before
    ask(world, STUDIO)
    assert world.asked("public") == public + 1


def test_no_query_is_lost_or_misled_while_rules_are_swapped(world, penstock):
    stop = threading.Event()
    results = []

    def client():
        while not stop.is_set():
            try:
                results.append(addresses(ask(world, STUDIO, timeout=1)))
            except Exception as failure:  # pylint: disable=broad-except
                results.append(failure)

    public = world.asked("public")
    thread = threading.Thread(target=client)
    thread.start()
    for swap in range(10):
        penstock.write(config(zones=BLOCKED if swap % 2 else None) if swap % 2 else config())
        assert penstock.ctl_run("reload").returncode == 0
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert len(results) >= 20
    assert all(result == STUDIO_PRIVATE for result in results), [r for r in results if r != STUDIO_PRIVATE]
    assert world.asked("public") == public
