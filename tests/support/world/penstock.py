"""tests/support/world/penstock.py - the two programs in the DNS host's namespace: configuration, start and stop, metrics, penstockctl.

with Penstock(world, config()) as penstock:      # both run, rules published, endpoints up
    penstock.metrics().sum("penstock_queries_total", outcome="forwarded")
    penstock.ctl("explain", "www.example.com")
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from waiting import eventually
from world import ENDPOINTS, HOST, HOST6, RESOLVER, ROOT, VPC

_BUILD = pathlib.Path(os.environ.get("PENSTOCK_BIN", ROOT / "build/release"))


def program(name):
    found = [path for path in _BUILD.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    assert found, f"no program {name} in {_BUILD}"
    return str(found[0])


def config(**changes):
    """The article's configuration, without a cache, as most tests are about what is forwarded. A change replaces a top-level key,
    None removes it."""
    model = {
        "ports": [{"name": "corp", "device": "af_xdp:corp"}],
        "listen": [HOST, HOST6],
        "pools": {
            VPC: {"kind": "route53-inbound", "endpoints": ENDPOINTS, "health": {"interval": "600ms", "timeout": "200ms", "fall": 2, "rise": 1}},
            "corporate": {"kind": "recursive", "endpoints": [RESOLVER], "health": {"interval": "600ms"}},
        },
        "studio": [{"region": "us-east-1", "pool": VPC, "domains": "all", "services": ["studio", "api", "runtime"],
                    "expect": ["10.16.0.0/16"]}],
        "default": {"pool": "corporate"},
        "metrics": {"listen": "127.0.0.1:9153"},
        "dataplane": {"cache_size": 0},
    }
    for key, value in changes.items():
        if value is None:
            model.pop(key)
        else:
            model[key] = value
    return model


class Metrics:
    def __init__(self, text):
        self.text = text
        self.series = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, labels, value = re.fullmatch(r"([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)", line).groups()
                self.series.append((name, dict(re.findall(r'(\w+)="([^"]*)"', labels or "")), float(value)))

    def sum(self, name, **labels):
        """Of the series that have the labels. A name that is not there at all is a mistake of the test or the program."""
        assert any(name == series for series, _, _ in self.series), f"no metric {name}"
        return sum(value for series, have, value in self.series if series == name and labels.items() <= have.items())


class Process:
    def __init__(self, world, log, *command, become=()):
        self.log = log
        # With this process's end theirs, however it ends.
        with open(log, "a", encoding="utf-8") as out:
            self.child = subprocess.Popen(world.inside("host", *become, "setpriv", "--pdeathsig", "KILL", *command), stdout=out, stderr=out)

    def running(self):
        return self.child.poll() is None

    def end(self, how=signal.SIGTERM, timeout=10):
        """The exit status: negative is a signal, as subprocess has it."""
        if self.running():
            self.child.send_signal(how)
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"did not end within {timeout} s of {how!r}:\n{self.tail()}") from None

    def tail(self):
        return "\n".join(pathlib.Path(self.log).read_text(encoding="utf-8").splitlines()[-25:])


class Users:
    """The users of the units, with the rights of the units, in a mount namespace that has their names."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "etc").mkdir(parents=True)
        subprocess.run(["systemd-sysusers", f"--root={self.folder}", ROOT / "deploy/systemd/sysusers.d/penstock.conf"],
                       capture_output=True, check=True, timeout=30)
        self.ids = {name: (int(uid), int(gid)) for name, _, uid, gid, *_ in
                    (line.split(":") for line in (self.folder / "etc/passwd").read_text(encoding="utf-8").splitlines())}
        for name in ("passwd", "group"):
            own = self.folder / "etc" / name
            own.write_text(pathlib.Path("/etc", name).read_text(encoding="utf-8") + own.read_text(encoding="utf-8"), encoding="utf-8")

    def share(self, folder):
        """As tmpfiles.d has it."""
        os.chown(folder, 0, self.ids["penstock-control"][1])
        os.chmod(folder, 0o1770 if folder.name == "state" else 0o1771)

    def become(self, name):
        """The start of a command line. The program is looked for in a folder that everybody may enter: a checkout may be root's alone."""
        text = (ROOT / f"deploy/systemd/{name}.service").read_text(encoding="utf-8")
        rights = re.search("^AmbientCapabilities=(.*)$", text, re.M).group(1).lower().replace("cap_", "+").replace(" ", ",")
        mask = re.search("^UMask=(.*)$", text, re.M).group(1)
        mounts = "".join(f"mount --bind {self.folder}/etc/{file} /etc/{file} && " for file in ("passwd", "group"))
        mounts += f"mount -t tmpfs -o mode=0755 programs /mnt && cp {program(name)} /mnt && "
        uid, gid = self.ids[name]
        return ["unshare", "--mount", "sh", "-c", mounts + f'umask {mask} && unset XDG_RUNTIME_DIR && exec "$@"', "sh",
                "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", f"--inh-caps=-all,{rights}", f"--ambient-caps=-all,{rights}",
                f"--bounding-set=-all,{rights}", "--no-new-privs", "--"]


class Penstock:
    def __init__(self, world, model, start=True, users=None):
        self.world = world
        self.run = pathlib.Path(f"/run/{world.prefix}.penstock")
        self.file = self.run / "penstock.yaml"
        self.start_both = start
        self.model = model
        self.users = users
        self.dataplane = None
        self.control = None

    def __enter__(self):
        shutil.rmtree(self.run, ignore_errors=True)
        (self.run / "state").mkdir(parents=True)
        for folder in (self.run, self.run / "state") if self.users else ():
            self.users.share(folder)
        self.write(self.model)
        if self.start_both:
            try:
                self.start_dataplane()
                self.start_control()
                self.wait_ready()
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_):
        try:
            for process in (self.control, self.dataplane):
                if process and process.running():
                    process.end()
        finally:
            shutil.rmtree(self.run, ignore_errors=True)

    def write(self, model):
        """JSON is YAML. The sockets and the state live in this world's own folder."""
        paths = {
            "dataplane": {"socket": f"{self.run}/dataplane.sock", "state_dir": f"{self.run}/state", **model.get("dataplane", {})},
            "control": {"socket": f"{self.run}/control.sock", **model.get("control", {})},
        }
        self.model = model
        self.file.write_text(json.dumps({**model, **paths}, indent=1), encoding="utf-8")

    def _start(self, name):
        log = self.run / f"{name.removeprefix('penstock-')}.log"
        if self.users:
            return Process(self.world, log, f"/mnt/{name}", "--config", self.file, become=self.users.become(name))
        return Process(self.world, log, program(name), "--config", self.file)

    def start_dataplane(self):
        self.dataplane = self._start("penstock-dataplane")

    def start_control(self):
        self.control = self._start("penstock-control")

    def logs(self):
        return "".join(f"--- {process.log}\n{process.tail()}\n" for process in (self.dataplane, self.control) if process)

    def ctl(self, *arguments, check=True):
        """What `penstockctl --json` says."""
        done = self.ctl_run("--json", *arguments)
        assert not check or done.returncode == 0 or arguments[0] == "status", f"penstockctl {arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def ctl_run(self, *arguments):
        return self.world.run("host", program("penstockctl"), "--socket", f"{self.run}/control.sock", *arguments, check=False)

    def metrics(self):
        return Metrics(self.world.run("host", "curl", "-sf", "--max-time", "3", "http://127.0.0.1:9153/metrics").stdout)

    def retries(self):
        """Queries sent again because their answer took longer than usual: on a busy machine some do."""
        return int(self.metrics().sum("penstock_retries_total", outcome="sent"))

    def asked_vpc(self):
        """Questions that the VPC's servers counted, each once."""
        return self.world.asked_vpc() - self.retries()

    def try_metrics(self):
        done = self.world.run("host", "curl", "-sf", "--max-time", "3", "http://127.0.0.1:9153/metrics", check=False)
        return Metrics(done.stdout) if done.returncode == 0 else None

    def wait_ready(self, timeout=20):
        count = sum(len(pool["endpoints"]) for pool in self.model["pools"].values())

        def ready():
            for process in (self.dataplane, self.control):
                assert process.running(), "a program ended"
            metrics = self.try_metrics()
            if not metrics or "penstock_dataplane_up 1" not in metrics.text:  # the page is empty at first
                return False
            generation = metrics.sum("penstock_ruleset_generation", process="control")
            return (metrics.sum("penstock_ruleset_generation", process="dataplane") == generation > 0
                    and metrics.sum("penstock_endpoint_state", state="up") == count
                    and metrics.sum("penstock_endpoint_reachable") == count)

        try:
            eventually(ready, f"rules published and {count} endpoints up and reachable", timeout)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.logs()}") from None
