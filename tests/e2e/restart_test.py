"""tests/e2e/restart_test.py - what goes on when one of the two programs is not there."""
import signal
import time

import dns.message
import pytest

from client import addresses, ask, ask_bytes, is_answered
from penstock import Penstock, config
from waiting import eventually
from world import STUDIO, STUDIO_PRIVATE, World


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-restart") as world:
        yield world


def has_filter(world):
    return "xdp" in world.run("host", "ip", "link", "show", "dev", "corp").stdout


def answers(world):
    """Asked as a client asks: no answer within half a second is none."""
    got = ask_bytes(world, dns.message.make_query(STUDIO, "A").to_wire(), timeout=0.5)
    return got is not None and addresses(dns.message.from_wire(got)) == STUDIO_PRIVATE


def test_before_any_rules_nothing_is_answered_and_nothing_forwarded(world):
    with Penstock(world, config(), start=False) as penstock:
        penstock.start_dataplane()
        eventually(lambda: has_filter(world), "the dataplane's filter on the interface")
        asked = [world.asked_vpc(), world.asked("public")]
        for name in (STUDIO, "www.example.com"):
            assert not is_answered(world, name)
        assert [world.asked_vpc(), world.asked("public")] == asked
        assert penstock.dataplane.running(), penstock.logs()
        penstock.start_control()
        penstock.wait_ready()
        assert answers(world)


def test_a_killed_dataplane_starts_again_and_gets_its_rules_by_itself(world):
    with Penstock(world, config()) as penstock:
        assert answers(world)
        penstock.dataplane.end(signal.SIGKILL)
        # The kernel has the port again: a client learns at once that nobody listens.
        assert ask_bytes(world, dns.message.make_query(STUDIO, "A").to_wire()) is None
        assert penstock.control.running(), penstock.logs()
        penstock.start_dataplane()
        penstock.wait_ready()
        eventually(lambda: answers(world), "an answer after the restart")


def test_control_killed_forwarding_goes_on_past_the_silent_heartbeat(world):
    with Penstock(world, config()) as penstock:
        penstock.control.end(signal.SIGKILL)
        until = time.monotonic() + 7
        while time.monotonic() < until:
            assert addresses(ask(world, STUDIO, timeout=1)) == STUDIO_PRIVATE
            time.sleep(0.05)
        penstock.start_control()
        penstock.wait_ready()
        assert answers(world)


def test_a_dataplane_that_starts_alone_forwards_by_the_last_good_image(world):
    with Penstock(world, config()) as penstock:
        assert answers(world)
        assert penstock.control.end() == 0
        assert penstock.dataplane.end() == 0
        penstock.start_dataplane()
        eventually(lambda: answers(world), "an answer without control")
        vpc, public = world.asked_vpc(), world.asked("public")
        assert addresses(ask(world, "www.example.com")) == {"93.184.215.14"}
        assert answers(world)
        assert (world.asked_vpc(), world.asked("public")) == (vpc + 1, public + 1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_both_stop_cleanly_and_leave_the_interface_as_it_was(world, how):
    with Penstock(world, config()) as penstock:
        assert has_filter(world)
        assert penstock.dataplane.end(how) == 0, penstock.logs()
        assert penstock.control.end(how) == 0, penstock.logs()
        assert not has_filter(world)


def test_a_filter_of_somebody_else_is_refused_and_stays(world, tmp_path):
    """Penstock takes away only its own filter."""
    source = tmp_path / "other.c"
    source.write_text('__attribute__((section("xdp"), used)) int somebody_else(void *context) { return 2; }\n'
                      'char terms[] __attribute__((section("license"), used)) = "GPL";\n', encoding="utf-8")
    world.run("host", "clang-14", "-O2", "-g", "-target", "bpf", "-c", source, "-o", tmp_path / "other.o")
    world.run("host", "ip", "link", "set", "dev", "corp", "xdp", "obj", tmp_path / "other.o", "sec", "xdp")
    try:
        with Penstock(world, config(), start=False) as penstock:
            penstock.start_dataplane()
            eventually(lambda: not penstock.dataplane.running(), "the dataplane gives up")
            assert penstock.dataplane.child.returncode > 0
            assert "somebody_else" in penstock.dataplane.tail()
            assert has_filter(world)
    finally:
        world.run("host", "ip", "link", "set", "dev", "corp", "xdp", "off")
