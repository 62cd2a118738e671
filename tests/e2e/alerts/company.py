"""tests/e2e/alerts/company.py - an office with Penstock, its monitoring, clients that ask all day, and a pool for each thing that can go wrong.

with Company(tmp_path) as company:
    company.receiver.fires("PenstockPoolDown")

Pools of faults have one endpoint each, in VPCs of their own, and a zone of the pool's name below .example.
"""
import contextlib
import pathlib
import shutil
import subprocess
import tempfile

from bad_day import RESOLVERS, Office
from load import CORPORATE_NAMES, Load
from penstock import Penstock, config
from prometheus import Monitoring
from receiver import Receiver
from scripted import Scripted
from world import ENDPOINTS, VPC

# Pool: its endpoint, and settings. The octets are those of the VPCs.
POOLS = {
    "gone": ("10.17.1.10", {}),
    "unrouted": ("10.17.2.10", {}),
    "no-tcp": ("10.18.1.10", {}),
    "far": ("10.18.2.10", {}),
    "half": ("10.19.1.10", {"budget": 100}),
    "full": ("10.19.2.10", {"budget": 100}),
    "over": ("10.20.1.10", {"budget": 40}),
    "forged": ("10.20.2.10", {}),
    "broken": ("192.168.10.77", {}),  # of this process, and scripted
}
VPCS = {f"vpc-{octet}": octet for octet in (17, 18, 19, 20)}
ALL_DAY, LOUD, DENIED = "172.17.0.0/16", "172.16.1.0/28", "172.16.2.0/28"
FIRST_PORT, PORTS_OF_AN_LCORE = 20000, 300
NO_NAMES = "nowhere.corp-gone.example"  # the resolvers say NXDOMAIN

# TTL 1: what is cached is stale soon.
ZONE = "$ORIGIN {zone}.\n$TTL 1\n@ SOA ns.example. hostmaster.example. 1 7200 900 1209600 60\n@ NS ns.example.\n* A 10.18.9.9\n"


def endpoint(pool):
    return POOLS[pool][0]


def model(log, lcores):
    """Few source ports and places: what is at its limit must be so with a few hundred queries a second."""
    health = {"interval": "600ms", "timeout": "500ms", "fall": 2, "rise": 1}
    pools = {
        VPC: {"kind": "route53-inbound", "endpoints": ENDPOINTS, "health": health},
        "corporate": {"kind": "recursive", "endpoints": RESOLVERS, "health": health},
        **{name: {"kind": "route53-inbound", "endpoints": [{"address": address, **settings}], "health": health}
           for name, (address, settings) in POOLS.items()},
    }
    pools["no-tcp"]["health"] = {"interval": "1s", "timeout": "500ms"}  # TCP probes come four times as often as with 600 ms
    zones = [{"zone": f"{name}.example", "pool": name} for name in POOLS]
    zones.append({"zone": "leak.example", "pool": "far", "expect": ["10.99.0.0/16"]})
    return config(
        pools=pools, zones=zones, lcores=lcores,
        clients={"deny": [DENIED], "groups": {"loud": {"prefixes": [LOUD], "rate_per_client": 20}}},
        dataplane={"cache_size": "8MiB", "pending": 512, "source_ports": {"first": FIRST_PORT, "count": PORTS_OF_AN_LCORE * lcores}, "tcp": {"connections": 10}},
        log={"queries": {"to": f"{log}/queries.log", "rcodes": ["REFUSED"], "file_size": "64KiB", "files": 1}})


class Company:
    """lcores: as many, each with a queue of the port."""

    def __init__(self, folder, prefix="e2e-alerts", lcores=1, seconds=600):
        self.folder, self.prefix, self.lcores, self.seconds = pathlib.Path(folder), prefix, lcores, seconds
        self.stack = contextlib.ExitStack()
        self.office = self.penstock = self.monitoring = self.receiver = self.broken = None
        self.log = pathlib.Path(f"/run/{prefix}.log")

    def __enter__(self):
        with self.stack:
            self._small_disk()
            self.office = self.stack.enter_context(Office(self.prefix, "--queues", self.lcores))
            self._vpcs()
            for prefix in (ALL_DAY, LOUD, DENIED):
                self.office.run("client", "ip", "route", "add", "local", prefix, "dev", "lo")
            self.broken = self.stack.enter_context(Scripted(self.office, "public", "eth0", endpoint("broken")))
            self.penstock = self.stack.enter_context(Penstock(self.office, model(self.log, self.lcores)))
            self.stack.enter_context(self.asks(150, CORPORATE_NAMES, hot=50))
            self.stack.enter_context(self.asks(50))
            self.receiver = self.stack.enter_context(Receiver(self.office))
            self.monitoring = self.stack.enter_context(Monitoring(self.office, self.folder))
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def _small_disk(self):
        """For the query log: one that can be filled."""
        subprocess.run(["umount", self.log], check=False, capture_output=True)
        self.log.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "penstock-log", self.log], check=True)
        self.stack.callback(shutil.rmtree, self.log, ignore_errors=True)
        self.stack.callback(subprocess.run, ["umount", self.log], check=False)

    def _vpcs(self):
        zones = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        for zone in (*(f"{name}.example" for name in POOLS), "leak.example"):
            (zones / f"{zone}.zone").write_text(ZONE.format(zone=zone), encoding="utf-8")
        for name, octet in VPCS.items():
            self.office.vpc(name, octet, zones)

    def asks(self, rate, *names, addresses=ALL_DAY, sockets=14, **how):
        """Clients that go on asking. Names are Studio's unless said."""
        return Load(self.office, rate, self.seconds, *names, addresses=addresses, sockets=sockets, **how)

    @staticmethod
    def place(pool):
        """The namespace of a pool's endpoint."""
        return f"vpc-{endpoint(pool).split('.')[1]}"
