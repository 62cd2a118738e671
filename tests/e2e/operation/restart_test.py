"""tests/e2e/operation/restart_test.py - what goes on when one of the two programs is not there."""
import signal
import subprocess
import time

import dns.message
import pytest

from client import addresses, ask, ask_bytes, is_answered, rcode
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


def oops_at_the_end(text):
    return text.rstrip().removesuffix("}") + ', "oops": 1}\n'


def bad_on_line_2(text):
    return text.replace("\n", "\nbad: [\n", 1)


@pytest.mark.parametrize("spoil,reason", [(oops_at_the_end, "oops: unknown key"), (bad_on_line_2, "this is not YAML")],
                         ids=["oops: 1 at the end", "bad: [ on line 2"])
def test_both_restarted_with_a_file_that_is_refused_go_on_by_its_last_good_copy(world, spoil, reason):
    with Penstock(world, config()) as penstock:
        good = penstock.file.read_text()
        assert penstock.control.end() == penstock.dataplane.end() == 0
        penstock.file.write_text(spoil(good))
        penstock.start_dataplane()
        penstock.start_control()
        penstock.wait_ready()  # endpoints are probed, metrics scraped
        assert answers(world)
        assert addresses(ask(world, "www.example.com")) == {"93.184.215.14"}
        assert penstock.metrics().sum("penstock_config_last_reload_successful") == 0
        assert penstock.metrics().sum("penstock_config_last_good_copy_in_use") == 1

        # `check`, `status` and the journal say the same.
        check = penstock.ctl_run("check", str(penstock.file))
        assert check.returncode == 1
        line = next(line for line in check.stderr.splitlines() if ": error: " in line)
        assert line.startswith(f"{penstock.file}:") and reason in line
        status = penstock.ctl_run("status").stdout
        assert "REFUSED" in status and line in status and "last-good.config" in status, status
        assert line in penstock.control.tail(), penstock.logs()
        assert penstock.ctl_run("reload").returncode == 1
        assert penstock.metrics().sum("penstock_config_last_good_copy_in_use") == 1
        assert answers(world)

        # The file mended, and changed in what a reload can take and in what it cannot.
        penstock.write(config(zones=[{"zone": "ads.example", "answer": "nxdomain"}], dataplane={"cache_size": "1MiB"}))
        reload = penstock.ctl_run("reload")
        assert reload.returncode == 3, reload.stdout + reload.stderr
        assert "dataplane.cache_size changed: restart penstock-dataplane" in reload.stdout
        assert penstock.metrics().sum("penstock_config_last_reload_successful") == 1
        assert penstock.metrics().sum("penstock_config_last_good_copy_in_use") == 0
        assert rcode(ask(world, "ads.example")) == "NXDOMAIN"
        assert "REFUSED" not in penstock.ctl_run("status").stdout
        assert penstock.dataplane.end() == 0
        penstock.start_dataplane()
        penstock.wait_ready()
        assert "changed: restart" not in penstock.ctl_run("status").stdout


def test_control_restarted_with_rules_that_take_private_names_away_goes_on_by_the_accepted_ones(world):
    with Penstock(world, config()) as penstock:
        assert penstock.control.end() == 0
        penstock.write(config(studio=None))
        penstock.start_control()
        penstock.wait_ready()
        status = penstock.ctl_run("status").stdout
        assert "REFUSED" in status and "studio.us-east-1.sagemaker.aws is removed" in status, status
        assert answers(world)
        assert penstock.ctl_run("reload").returncode == 1
        assert penstock.ctl_run("reload", "--accept-removals").returncode == 0
        assert "REFUSED" not in penstock.ctl_run("status").stdout


def test_a_metrics_address_that_cannot_be_had_takes_nothing_else_away(world):
    holder = subprocess.Popen(world.inside("host", "setpriv", "--pdeathsig", "KILL", "/usr/bin/python3", "-m", "http.server",
                                           "--bind", "127.0.0.1", "9153"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with Penstock(world, config(), start=False) as penstock:
            eventually(lambda: world.run("host", "curl", "-s", "http://127.0.0.1:9153/", check=False).returncode == 0, "port taken")
            penstock.start_dataplane()
            penstock.start_control()
            eventually(lambda: answers(world), "an answer")
            status = penstock.ctl_run("status").stdout
            assert "NOT SERVED" in status and "cannot listen on 127.0.0.1:9153" in status, status
            holder.kill()
            holder.wait()
            penstock.wait_ready()
            assert "NOT SERVED" not in penstock.ctl_run("status").stdout
    finally:
        holder.kill()
        holder.wait()


def test_a_first_start_with_a_bad_file_ends_and_its_status_says_so(world):
    with Penstock(world, config(), start=False) as penstock:
        penstock.file.write_text(bad_on_line_2(penstock.file.read_text()))
        penstock.start_dataplane()
        penstock.start_control()
        for process in (penstock.dataplane, penstock.control):
            assert process.child.wait(10) == 78, process.tail()  # EX_CONFIG
            assert f"{penstock.file}:" in process.tail() and "no last good copy" in process.tail()


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
