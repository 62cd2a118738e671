"""tests/e2e/operation/quickstart_test.py - the first command that a user types: what it proves, and that it leaves nothing behind."""
import os
import pathlib
import signal
import subprocess
import time

import pytest

from client import addresses, ask
from waiting import eventually
from world import ENDPOINTS, RESOLVER, ROOT, STUDIO, STUDIO_PRIVATE, World

QUICKSTART = ROOT / "deploy/quickstart"
PREFIX = "e2e-quick"
ENVIRONMENT = {**os.environ, "PENSTOCK_BIN": os.environ.get("PENSTOCK_BIN", str(ROOT / "build/release"))}


def traces():
    """Namespaces, files and processes that bear the name of a quickstart of these tests."""
    found = [line.split()[0] for line in subprocess.run(["ip", "netns"], capture_output=True, text=True, timeout=10).stdout.splitlines()]
    for folder in ("/run", "/etc/netns"):
        if os.path.isdir(folder):
            found += [f"{folder}/{name}" for name in os.listdir(folder)]
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [one for one in found if PREFIX in one and "pytest" not in one]


@pytest.fixture(autouse=True)
def _leaves_nothing():
    yield
    eventually(lambda: not traces(), "nothing left behind", timeout=5)


def quickstart(*arguments, timeout=50):
    return subprocess.run([QUICKSTART, "--prefix", PREFIX, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout)


@pytest.mark.parametrize("arms", ["1", "2"])
def test_once_passes_and_leaves_nothing_behind(arms):
    done = quickstart("--once", "--arms", arms)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout and done.stdout.count("  ok ") >= 20
    assert not traces()


def running():
    """A quickstart that has said that it stays up."""
    child = subprocess.Popen([QUICKSTART, "--prefix", PREFIX], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    for line in child.stdout:
        said.append(line)
        if "stays up" in line:
            return child
    raise AssertionError("".join(said))


@pytest.mark.parametrize("how,status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_stays_up_until_it_is_ended(how, status):
    child = running()
    time.sleep(0.5)
    assert child.poll() is None
    child.send_signal(how)
    assert child.wait(15) == status
    child.stdout.close()


def test_a_second_one_is_refused_and_a_killed_one_is_cleared_away():
    child = running()
    second = quickstart("--once")
    assert second.returncode == 1 and "another quickstart runs" in second.stderr
    child.kill()
    child.wait()
    child.stdout.close()
    assert traces()
    done = quickstart("--once")
    assert done.returncode == 0, done.stdout + done.stderr


def test_on_an_interface():
    with World("e2e-iface") as world:
        child = subprocess.Popen(
            world.inside("host", QUICKSTART, "--interface", "corp", "--zone", "studio.us-east-1.sagemaker.aws",
                         "--endpoint", ENDPOINTS[0], "--endpoint", ENDPOINTS[1], "--default", RESOLVER),
            env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def answered(name, expected):
                try:
                    return addresses(ask(world, name, timeout=0.5)) == expected
                except Exception:  # pylint: disable=broad-except
                    return False

            eventually(lambda: answered(STUDIO, STUDIO_PRIVATE), "the private answer", timeout=20)
            eventually(lambda: answered("www.example.com", {"93.184.215.14"}), "the default's answer", timeout=5)
        finally:
            child.send_signal(signal.SIGINT)
            assert child.wait(15) == 130
        assert "xdp" not in world.run("host", "ip", "link", "show", "dev", "corp").stdout


@pytest.mark.parametrize("arguments,says", [
    (["--interface", "none0", "--zone", "a.example", "--endpoint", "10.0.0.1", "--default", "10.0.0.2"], "no interface 'none0'"),
    (["--interface", "lo", "--endpoint", "10.0.0.1", "--default", "10.0.0.2"], "--zone"),
    (["--zone", "a.example"], "--interface"),
    (["--arms", "3"], "--arms"),
    (["--colour", "blue"], "--colour"),
])
def test_wrong_arguments_are_named(arguments, says):
    done = quickstart(*arguments)
    assert done.returncode == 2 and says in done.stderr
