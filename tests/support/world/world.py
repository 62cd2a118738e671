"""tests/support/world/world.py - the simulated office and VPC (deploy/simulation/world) for tests: bring up, look in, take down.

with World("e2e-reload") as world:
    world.socket("client", socket.AF_INET, socket.SOCK_DGRAM)   # a socket of that namespace, usable from anywhere
    world.asked("studio-us-east-1-1", "A")                      # what that server itself counted
"""
import ctypes
import os
import pathlib
import socket
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORLD = ROOT / "deploy/simulation/world"
ZONES = ROOT / "deploy/simulation/zones"

CLIENT, HOST, RESOLVER = "192.168.10.50", "192.168.10.86", "192.168.10.2"
CLIENT6, HOST6, RESOLVER6 = "fd00:10::50", "fd00:10::86", "fd00:10::2"
ENDPOINTS = ["10.16.1.10", "10.16.2.10"]
ENDPOINTS6 = ["fd00:16:1::10", "fd00:16:2::10"]
VPC = "studio-us-east-1"
VPC_SERVERS = [f"{VPC}-1", f"{VPC}-2"]

STUDIO = "d-sq9djt5lr5pc.Studio.us-east-1.sagemaker.aws"
STUDIO_PRIVATE = {"10.16.110.189", "10.16.46.208"}
STUDIO_PUBLIC = {"54.84.43.253", "3.234.203.54", "52.3.178.55"}

_libc = ctypes.CDLL(None, use_errno=True)


def _setns(name):
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _libc.setns(fd, 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), f"setns {name}")
    finally:
        os.close(fd)


class World:
    def __init__(self, prefix, *options):
        self.prefix = prefix
        self.options = [str(option) for option in options]

    def __enter__(self):
        self._world("down")
        try:
            self._world("up", *self.options)
        except BaseException:
            self._world("down")
            raise
        return self

    def __exit__(self, *_):
        self._world("down")

    def _world(self, command, *arguments):
        done = subprocess.run([WORLD, command, self.prefix, *map(str, arguments)], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, f"world {command}: {done.stderr}"
        return done.stdout

    def namespace(self, where):
        return f"{self.prefix}-{where}"

    def vpc(self, name, octet, zones):
        self._world("vpc", name, octet, zones)

    def stop(self, server):
        self._world("stop", server)

    def start(self, server):
        self._world("start", server)

    def counters(self, server):
        """What the server says of itself: {"num.query.type.A": 3, ...}."""
        lines = (line.split("=") for line in self._world("counters", server).splitlines())
        return {name: float(value) for name, value in lines}

    def asked(self, server, *types):
        """Questions of these types that the server counted; by default A and AAAA, which no probe of Penstock's has."""
        counters = self.counters(server)
        return int(sum(counters.get(f"num.query.type.{one}", 0) for one in types or ("A", "AAAA")))

    def asked_vpc(self):
        return sum(self.asked(server) for server in VPC_SERVERS)

    def inside(self, where, *command):
        """The command line that runs a command in a namespace."""
        return ["ip", "netns", "exec", self.namespace(where), *map(str, command)]

    def run(self, where, *command, check=True, timeout=20):
        done = subprocess.run(self.inside(where, *command), capture_output=True, text=True, timeout=timeout)
        assert not check or done.returncode == 0, f"{command} in {where}: {done.stdout}{done.stderr}"
        return done

    def socket(self, where, family, kind, protocol=0):
        """A socket stays in the namespace it was made in: a thread of its own goes there to make it."""
        made = []

        def make():
            _setns(self.namespace(where))
            made.append(socket.socket(family, kind, protocol))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        assert made, f"no socket in {where}"
        return made[0]

    def mac(self, where, interface):
        return self.run(where, "cat", f"/sys/class/net/{interface}/address").stdout.strip()
