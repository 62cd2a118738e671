"""tests/e2e/operation/deploy_test.py - the files that an administrator installs: units that systemd accepts, an installer that is quick."""
import os
import shutil
import subprocess

import pytest

from penstock import program
from world import ROOT


def test_systemd_accepts_the_units(tmp_path):
    for unit in (ROOT / "deploy/systemd").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        for folder, name in (("/usr/sbin", "penstock-dataplane"), ("/usr/sbin", "penstock-control"), ("/usr/bin", "penstockctl")):
            text = text.replace(f"={folder}/{name} ", f"={program(name)} ")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    # Manual pages that the units name, where an installation has them.
    for page in (ROOT / "docs/man").iterdir():
        (tmp_path / f"man/man{page.suffix[1:]}").mkdir(parents=True, exist_ok=True)
        shutil.copy(page, tmp_path / f"man/man{page.suffix[1:]}")
    done = subprocess.run(["systemd-analyze", "verify", *tmp_path.glob("*.service")], capture_output=True, text=True, timeout=30,
                          env={**os.environ, "MANPATH": f"{tmp_path}/man"})
    said = [line for line in (done.stdout + done.stderr).splitlines() if "penstock" in line]
    assert done.returncode == 0 and not said, done.stderr


# Of 10; what is left is named in the unit: a forwarder needs the network, its ports, and at its start the rights for them.
@pytest.mark.parametrize("unit, most", [("penstock-dataplane", 30), ("penstock-control", 20)])
def test_systemd_finds_little_exposed(unit, most):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={most}",
                           ROOT / f"deploy/systemd/{unit}.service"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout[-3000:]


def test_installing_does_nothing_when_all_is_there():
    done = subprocess.run([ROOT / "deploy/install-packages"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout + done.stderr == ""
