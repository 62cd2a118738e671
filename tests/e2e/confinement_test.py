"""tests/e2e/confinement_test.py - what the two programs may still do while they serve: no thread has a right, nobody looks in."""
import pathlib
import subprocess

import pytest

from client import addresses, ask
from penstock import Penstock, config
from world import STUDIO, STUDIO_PRIVATE, World

NET_BIND_SERVICE = 1 << 10
NET_ADMIN = 1 << 12


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-confine") as world:
        yield world


def statuses(process):
    """name -> fields of /proc/PID/task/TID/status, of all threads of the process and of the children that it forked."""
    found = {}
    pid = process.child.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    for one in [pid, *children]:
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            fields = dict(line.split(":\t", 1) for line in (task / "status").read_text(encoding="utf-8").splitlines() if ":\t" in line)
            found[f"{fields['Name']} {task.name}"] = fields
    return found


def check_rights(process, may_have):
    """`may_have`: thread's name -> capabilities. Nobody can get others than somebody has."""
    threads = statuses(process)
    assert len(threads) >= 2, threads.keys()
    for name, fields in threads.items():
        own = may_have.get(name.split()[0], 0)
        for field, allowed in (("CapEff", own), ("CapPrm", own), ("CapInh", 0), ("CapAmb", 0), ("CapBnd", sum(may_have.values()))):
            assert int(fields[field], 16) & ~allowed == 0, (name, field, fields[field])
        assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2", (name, fields)
    return threads


def test_no_thread_keeps_a_right_and_nobody_looks_in(world):
    with Penstock(world, config()) as penstock:
        assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE
        threads = check_rights(penstock.dataplane, {"penstock-datapl": NET_BIND_SERVICE})
        assert any(name.startswith("eal-intr") for name in threads), threads.keys()
        check_rights(penstock.control, {"neighbours": NET_ADMIN})
        # A change of the rules goes through all that is left: link, filter's maps, state.
        penstock.write({**penstock.model, "zones": [{"zone": "added.example", "answer": "nxdomain"}]})
        penstock.ctl("reload")
        assert ask(world, "www.added.example").rcode() == 3
        assert (penstock.run / "state/last-good.image").exists()
        # As control once was: root with CAP_NET_ADMIN.
        for process in (penstock.dataplane, penstock.control):
            tried = subprocess.run(["setpriv", "--bounding-set=-all,+net_admin", "--inh-caps=-all", "sh", "-c",
                                    f"exec 3<>/proc/{process.child.pid}/mem"], capture_output=True, text=True, timeout=10)
            assert tried.returncode != 0 and "Permission denied" in tried.stderr, tried
