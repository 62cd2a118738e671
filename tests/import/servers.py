"""tests/import/servers.py - old servers of Debian, each run on its own file in a slot of the network."""
import os
import shutil
import subprocess
import time

PROGRAMS = {"bind": "named", "unbound": "unbound", "dnsmasq": "dnsmasq", "dnsdist": "dnsdist"}
_PATH = os.environ.get("PATH", "") + ":/usr/sbin"


def missing():
    """Programs that are not installed."""
    return [program for program in PROGRAMS.values() if not shutil.which(program, path=_PATH)]


def _command(kind, file, folder):
    if kind == "bind":
        return ["named", "-f", "-n", "1", "-c", file, "-L", f"{folder}/log"]
    if kind == "unbound":
        return ["unbound", "-d", "-c", file]
    if kind == "dnsmasq":
        return ["dnsmasq", "--keep-in-foreground", f"--conf-file={file}", "--user=root", "--pid-file=", "--log-facility=-",
                "--bind-interfaces", "--cache-size=0"]
    return ["dnsdist", "--supervised", "-C", file, "--disable-syslog"]


# Servers find the files of a case where they are at home, and write where nothing of this machine is.
_AT_HOME = """
for home in /etc/bind /etc/unbound /etc/dnsdist; do [ ! -d $home ] || mount --bind "$0" $home; done
mount -t tmpfs tmpfs /run && mkdir -p /run/named /run/dnsdist && ln -s "$0" /run/case
for folder in /var/cache/bind /var/lib/unbound; do [ ! -d $folder ] || mount -t tmpfs tmpfs $folder; done
exec "$@"
"""


def at_home(folder, command):
    """The command line, where the folder is /etc/bind, /etc/unbound and /etc/dnsdist; in a mount namespace of its own."""
    return ["sh", "-c", _AT_HOME, str(folder), *map(str, command)]


class Server:
    """`with Server(network, slot, kind, file):` it answers, or the assertion has its words."""

    def __init__(self, network, slot, kind, file):
        self.network, self.slot, self.kind, self.file = network, slot, kind, file

    def __enter__(self):
        folder = self.file.parent
        inside = ["ip", "netns", "exec", self.network.namespace(self.slot)]
        command = at_home(folder, _command(self.kind, self.file, folder))
        self.words = open(folder / "words", "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(inside + command, cwd=folder, stdout=self.words, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, env={"PATH": _PATH})
        until = time.monotonic() + 30
        while not self._listens():
            assert self.process.poll() is None and time.monotonic() < until, f"{self.kind} does not start: {self.last_words()}"
            time.sleep(0.01)
        return self

    def _listens(self):
        try:
            if os.readlink(f"/proc/{self.process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
                return False
            with open(f"/proc/{self.process.pid}/net/udp", encoding="ascii") as sockets:
                return any(line.split()[1].endswith(":0035") for line in list(sockets)[1:])
        except OSError:
            return False

    def last_words(self):
        self.words.seek(0)
        text = self.words.read()
        log = self.file.parent / "log"
        return (text + (log.read_text(errors="replace") if log.exists() else ""))[-2000:]

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.words.close()
