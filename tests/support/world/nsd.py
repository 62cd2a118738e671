"""tests/support/world/nsd.py - NSD in the places of the VPC's two servers, with zones of the test's own.

with Nsd(world, folder, {"types.example": "/path/of/zone"}) as nsd:
    nsd.stop(); nsd.start()
"""
import subprocess

import dns.message

from client import ask_bytes
from world import ENDPOINTS, VPC, VPC_SERVERS

_HEAD = """\
server:
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/pid"
  logfile: "{folder}/log"
  zonelistfile: "{folder}/zones"
  xfrdfile: "{folder}/xfrd"
  username: ""
  server-count: 1
  refuse-any: no
  minimal-responses: no
  round-robin: no
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  ipv4-edns-size: 1232
  {addresses}
remote-control:
  control-enable: no
"""


class Nsd:
    def __init__(self, world, folder, zones, keys="", of_zones=""):
        """`keys`, `of_zones`: lines of nsd.conf, the latter for each zone."""
        self.world, self.folder, self.zones = world, folder, zones
        addresses = "\n  ".join(f"ip-address: {address}" for address in ENDPOINTS)
        text = _HEAD.format(folder=folder, addresses=addresses)
        text += keys
        for name, file in zones.items():
            text += f"zone:\n  name: {name}\n  zonefile: {file}\n{of_zones}"
        (folder / "nsd.conf").write_text(text, encoding="utf-8")
        self.child = None

    def __enter__(self):
        for server in VPC_SERVERS:
            self.world.stop(server)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        probe = dns.message.make_query(next(iter(self.zones)), "SOA").to_wire()
        for _ in range(20):  # until whoever was here before has given up the ports
            with open(self.folder / "out", "a", encoding="utf-8") as out:
                self.child = subprocess.Popen(self.world.inside(VPC, "nsd", "-d", "-c", self.folder / "nsd.conf"), stdout=out, stderr=out)
            if any(ask_bytes(self.world, probe, server=ENDPOINTS[1], timeout=0.2) for _ in range(5)):
                return
            self.stop()
        raise AssertionError(f"NSD does not answer: {(self.folder / 'out').read_text(encoding='utf-8')}")

    def stop(self):
        if self.child is not None:
            self.child.terminate()
            self.child.wait(10)
        self.child = None
