"""tests/e2e/operation/change_test.py - changes without fear: what a file would change, who changed what, the way back, and who may."""
import json
import shutil

import pytest

from client import ask, rcode
from penstock import Penstock, config, program
from waiting import eventually
from world import World

BLOCKED = [{"zone": "www.example.com", "answer": "nxdomain"}]
NOBODY, STAFF, OPERATOR = 65534, 50, 37  # of Debian's /etc/passwd and /etc/group


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-change") as world:
        yield world


@pytest.fixture(name="penstock")
def _penstock(world):
    with Penstock(world, config()) as penstock:
        yield penstock


def generation(penstock):
    return penstock.metrics().sum("penstock_ruleset_generation", process="dataplane")


def said(done):
    return done.stdout + done.stderr


def is_blocked(world):
    return rcode(ask(world, "www.example.com")) == "NXDOMAIN"


def restart_control(penstock):
    penstock.control.end()
    penstock.start_control()
    penstock.wait_ready()


def audits(penstock):
    """The audit lines of control's log, the oldest first."""
    text = penstock.control.log.read_text(encoding="utf-8")
    return [line[line.index("audit: "):] for line in text.splitlines() if "audit: " in line]


def test_diff_says_what_a_file_would_change_and_changes_nothing(world, penstock):
    before = generation(penstock)
    other = penstock.run / "other.yaml"

    def diff(text, *options):
        other.write_text(text, encoding="utf-8")
        return penstock.ctl_run("rules", "diff", str(other), *options)

    in_force = penstock.file.read_text(encoding="utf-8")
    same = diff(in_force)
    assert same.returncode == 0 and "Nothing would change" in same.stdout, said(same)
    model = json.loads(in_force)
    more = diff(json.dumps({**model, "zones": BLOCKED, "lcores": 1}))
    assert more.returncode == 1, said(more)
    assert "+ www.example.com: to answer NXDOMAIN" in more.stdout
    assert "lcores changed: restart penstock-dataplane" in more.stdout
    as_json = penstock.ctl("rules", "diff", str(other), check=False)
    assert as_json["verdict"] == "changes" and as_json["line"].startswith("zones: 1 added (www.example.com); settings: 1 changed (lcores)")

    bad = diff(json.dumps({**model, "zones": [{"zone": "a..b", "answer": "nxdomain"}]}))
    assert bad.returncode == 2 and "other.yaml" in bad.stdout and "a..b" in bad.stdout, said(bad)
    without = json.dumps({key: value for key, value in model.items() if key != "studio"})
    less = diff(without)
    assert less.returncode == 2 and "held back by the removal guard" in less.stdout, said(less)
    assert diff(without, "--accept-removals").returncode == 1
    assert penstock.ctl_run("rules", "diff", str(penstock.run / "missing.yaml")).returncode == 2
    assert generation(penstock) == before and not is_blocked(world)


def test_dry_run_says_what_a_reload_would_do(world, penstock):
    before = generation(penstock)
    assert penstock.ctl_run("reload", "--dry-run").returncode == 0
    penstock.write(config(zones=BLOCKED))
    would = penstock.ctl_run("reload", "--dry-run")
    assert would.returncode == 1 and "+ www.example.com" in would.stdout, said(would)
    assert generation(penstock) == before and not is_blocked(world)
    assert penstock.ctl_run("reload").returncode == 0
    assert is_blocked(world)
    assert penstock.ctl_run("reload", "--dry-run").returncode == 0

    penstock.write(config(studio=None))
    held = penstock.ctl_run("reload", "--dry-run")
    assert held.returncode == 2 and "removal guard" in held.stdout, said(held)
    assert penstock.ctl_run("status").returncode == 0, "a dry run refuses no file"
    penstock.write(config(zones=BLOCKED, lcores=1))
    waits = penstock.ctl_run("reload")
    assert waits.returncode == 3 and "lcores changed: restart penstock-dataplane" in waits.stdout, said(waits)
    assert penstock.ctl_run("reload", "--restart-later").returncode == 0


def test_a_rollback_holds_until_the_file_changes(world, penstock):
    penstock.write(config(zones=BLOCKED))
    assert penstock.ctl_run("reload").returncode == 0
    bad_file = penstock.file.read_text(encoding="utf-8")
    assert is_blocked(world)

    back = penstock.ctl_run("rules", "rollback")
    assert back.returncode == 0, said(back)
    assert not is_blocked(world)
    assert penstock.file.read_text(encoding="utf-8") == bad_file, "the file is not touched"
    status = penstock.ctl_run("status")
    assert status.returncode == 1 and "ROLLED BACK" in status.stdout, said(status)
    assert penstock.metrics().sum("penstock_config_rolled_back") == 1
    history = penstock.ctl("rules", "history")
    assert [one["how"] for one in history["generations"]] == ["rollback", "reload", "start"]
    assert history["generations"][0]["hash"] == history["generations"][2]["hash"]
    assert history["generations"][0]["who"].startswith("root (uid 0, pid ")
    assert "www.example.com" in history["generations"][1]["changes"]
    shown = penstock.ctl_run("rules", "show", str(history["generations"][1]["generation"]))
    assert shown.stdout == bad_file

    refused = penstock.ctl_run("reload")
    assert refused.returncode == 1 and "--undo-rollback" in said(refused)
    restart_control(penstock)
    assert not is_blocked(world), "a restart must not bring back what was taken back"
    assert penstock.metrics().sum("penstock_config_rolled_back") == 1
    assert [one["how"] for one in penstock.ctl("rules", "history")["generations"]] == ["rollback", "reload", "start"]

    penstock.write(config(zones=BLOCKED + [{"zone": "more.example", "answer": "nxdomain"}]))
    assert penstock.ctl_run("reload").returncode == 0
    assert is_blocked(world)
    assert penstock.metrics().sum("penstock_config_rolled_back") == 0
    assert penstock.ctl_run("status").returncode == 0


def test_a_zones_file_is_part_of_what_a_rollback_brings_back(world, penstock):
    names = penstock.run / "blocked.txt"
    names.write_text("www.example.com\n", encoding="utf-8")
    with_file = config(zones=[{"zones_file": str(names), "answer": "nxdomain"}])
    penstock.write(with_file)
    assert penstock.ctl_run("reload").returncode == 0 and is_blocked(world)
    names.write_text("other.example\n", encoding="utf-8")
    assert penstock.ctl_run("reload").returncode == 0 and not is_blocked(world)
    restart_control(penstock)
    back = penstock.ctl_run("rules", "rollback")
    assert back.returncode == 0 and is_blocked(world), said(back)
    assert names.read_text(encoding="utf-8") == "other.example\n"


def test_groups_look_and_change(world, penstock):
    tool = penstock.run / "penstockctl"
    shutil.copy(program("penstockctl"), tool)

    def by(group, *arguments):
        groups = ["--groups", str(group)] if group else ["--clear-groups"]
        return world.run("host", "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", *groups, "--", tool,
                         "--socket", f"{penstock.run}/control.sock", *arguments, check=False)

    assert "try sudo" in said(by(STAFF, "status")), "without groups the socket is root's"
    penstock.write(config(control={"look": ["operator"], "change": ["staff"]}))
    assert penstock.ctl_run("reload").returncode == 0
    stranger = by(None, "status")
    assert stranger.returncode != 0 and "group operator (control.look)" in said(stranger), said(stranger)
    assert by(OPERATOR, "status").returncode == 0
    for command in (["reload"], ["rules", "rollback"], ["endpoints", "drain", "10.16.1.10"], ["cache", "flush", "--all"]):
        denied = by(OPERATOR, *command)
        assert denied.returncode == 1 and "group staff (control.change)" in said(denied), said(denied)
    assert by(OPERATOR, "reload", "--dry-run").returncode == 0
    before = int(generation(penstock))
    done = by(STAFF, "reload")
    assert done.returncode == 0, said(done)
    eventually(lambda: f"generation_before={before} generation_after={before + 1}" in audits(penstock)[-1], "an audit line")
    assert audits(penstock)[-1].startswith(f"audit: user=nobody uid={NOBODY} pid="), audits(penstock)[-1]
    assert 'command="reload" result=done' in audits(penstock)[-1]
    assert any('command="drain 10.16.1.10" result=denied' in line for line in audits(penstock))
    assert "nobody (uid" not in penstock.ctl_run("rules", "history").stdout, "nothing has changed"

    penstock.write(config())
    assert penstock.ctl_run("reload").returncode == 0
    assert by(STAFF, "status").returncode != 0, "the group is gone, and so is its right"


def test_the_log_is_json_when_that_is_wanted(penstock):
    penstock.write(config(log={"format": "json", "level": "warning", "time": "utc"}))
    penstock.control.end()
    penstock.dataplane.end()
    for name in ("control.log", "dataplane.log"):
        (penstock.run / name).unlink()
    penstock.start_dataplane()
    penstock.start_control()
    penstock.wait_ready()
    assert penstock.ctl_run("reload").returncode == 0
    lines = [line for line in penstock.control.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    objects = [json.loads(line) for line in lines]
    assert {one["program"] for one in objects} == {"penstock-control"}
    assert all(one["time"].endswith("Z") for one in objects)
    changes = [one for one in objects if one.get("event") == "audit"]
    assert changes and changes[-1]["level"] == "info" and 'command="reload"' in changes[-1]["message"]
    assert all(one["level"] != "info" or one.get("event") == "audit" for one in objects)
