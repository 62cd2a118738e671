"""tests/e2e/host/confinement_test.py - what the two programs may still do while they serve: no thread has a right, nobody looks in."""
import pathlib
import signal
import subprocess

import pytest

from client import addresses, ask
from penstock import Penstock, Users, config
from waiting import eventually
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


@pytest.mark.parametrize("device", ["af_xdp:corp", "af_packet:corp"])
def test_each_program_has_a_user_of_its_own(world, tmp_path, device):
    """With the users and the rights of the units; started again after an end by the kernel, too."""
    users = Users(tmp_path / "users")
    with Penstock(world, config(ports=[{"name": "corp", "device": device}]), users=users) as penstock:
        for tcp in (False, True):
            assert addresses(ask(world, STUDIO, tcp=tcp)) == STUDIO_PRIVATE
        for process, name in ((penstock.dataplane, "penstock-dataplane"), (penstock.control, "penstock-control")):
            uid, gid = users.ids[name]
            for thread, fields in statuses(process).items():
                assert fields["Uid"].split() == [str(uid)] * 4 and fields["Gid"].split() == [str(gid)] * 4, (thread, fields)
                assert int(fields["CapEff"], 16) & ~(NET_BIND_SERVICE | NET_ADMIN) == 0, (thread, fields)
        own = {path.name: path.stat().st_uid for path in (penstock.run / "state").iterdir()}
        assert {own["last-good.image"], own["last-good.host"]} == {users.ids["penstock-dataplane"][0]}, own
        assert own["last-good.config"] == users.ids["penstock-control"][0], own
        assert penstock.ctl("status")["state"] == "green", "root's penstockctl"
        # Not the group's member that is neither of both.
        tried = subprocess.run(["setpriv", "--reuid=65534", f"--regid={users.ids['penstock-control'][1]}", "--clear-groups", "/usr/bin/python3", "-c",
                                "import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                                "s.connect(sys.argv[1])\nprint(s.recv(4096))", penstock.run / "dataplane.sock"],
                               capture_output=True, text=True, timeout=10)
        assert "only root and penstock-control may connect" in tried.stdout, tried
        for end in (signal.SIGTERM, signal.SIGKILL):
            penstock.dataplane.end(end)
            penstock.start_dataplane()
            eventually(lambda: penstock.ctl("status")["state"] == "green", "both again", 20)
            assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE
