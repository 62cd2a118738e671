"""tests/support/world/bad_day.py - an office with two resolvers and two inbound endpoints, and what can go wrong in it.

with Office("e2e-bad") as office, Penstock(office, config()) as penstock:
    with office.black_hole("10.16.1.10"), Load(office, rate=2000, seconds=5) as load:
        record("one endpoint gone", load.result())
    assert_settled(penstock)
"""
import contextlib
import os
import pathlib
import shutil
import signal
import tempfile

import dns.message

import penstock as programs
from impair import Impairment
from waiting import eventually
from world import ENDPOINTS, RESOLVER, VPC, World, ZONES

RESOLVERS = [RESOLVER, "192.168.10.3"]
CORPORATE_ZONE = """\
$ORIGIN corp.example.
$TTL 60
@ SOA ns.public.example. hostmaster.public.example. 1 7200 900 1209600 60
@ NS  ns.public.example.
* A 192.168.30.1
"""

table = []  # (scenario, what a client saw), for the end of the run


def record(scenario, seen):
    """A row of the table of bad days. Returns what was seen."""
    table.append((scenario, seen))
    print(f"{scenario}: {seen}")
    return seen


def config(endpoints=None, resolvers=None, **changes):
    """As a user writes it, with the product's own health checks. endpoints, resolvers: settings of these pools, as in YAML."""
    pools = {
        VPC: {"kind": "route53-inbound", "endpoints": ENDPOINTS, **(endpoints or {})},
        "corporate": {"kind": "recursive", "endpoints": RESOLVERS, **(resolvers or {})},
    }
    return programs.config(pools=pools, **changes)


def quick_health(**changes):
    """Probes that find out soon, where the test is not about them."""
    return {"health": {"interval": "600ms", "timeout": "200ms", "fall": 2, "rise": 1}, **changes}


class Office(World):
    def __init__(self, prefix, *options):
        self.zones = tempfile.mkdtemp(prefix=f"{prefix}-zones-")
        super().__init__(prefix, "--resolvers", 2, "--public-zones", self.zones, *options)

    def __enter__(self):
        shutil.copytree(ZONES / "public", self.zones, dirs_exist_ok=True)
        pathlib.Path(self.zones, "corp.example.zone").write_text(CORPORATE_ZONE, encoding="utf-8")
        # Children inherit it. A ring holds 80 ms of 25,000/s: what else the machine does must not be what clients see.
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        try:
            return super().__enter__()
        except BaseException:
            shutil.rmtree(self.zones, ignore_errors=True)
            raise

    def __exit__(self, *error):
        super().__exit__(*error)
        os.setpriority(os.PRIO_PROCESS, 0, 0)
        shutil.rmtree(self.zones, ignore_errors=True)

    @staticmethod
    def place(address):
        """Namespace, interface and server of an address."""
        if address in RESOLVERS:
            return "public", "eth0", "public" if address == RESOLVER else "public-2"
        return VPC, "eni", f"{VPC}-{1 + ENDPOINTS.index(address)}"

    def cut(self, *addresses):
        """Nothing that is sent to them arrives, UDP, TCP or ping."""
        for address in addresses:
            self.run(self.place(address)[0], "nft", f"add table ip hole; add chain ip hole in {{ type filter hook input priority 0; }};"
                     f"add rule ip hole in ip daddr {address} drop")

    def mend(self, *addresses):
        for where in {self.place(address)[0] for address in addresses}:
            self.run(where, "nft", "delete table ip hole")

    @contextlib.contextmanager
    def black_hole(self, *addresses):
        self.cut(*addresses)
        try:
            yield
        finally:
            self.mend(*addresses)

    def impair(self, *addresses, **how):
        """Addresses of one pool. See tests/support/world/impair.py."""
        where, device, _ = self.place(addresses[0])
        return Impairment(self, where, *addresses, device=device, **how)

    @contextlib.contextmanager
    def paused(self, address):
        """The server has its socket, and the kernel keeps what comes for it."""
        pid = int(pathlib.Path(f"/run/{self.prefix}.world/{self.place(address)[2]}/pid").read_text(encoding="utf-8"))
        with stopped(pid):
            yield

    def asked_outside(self):
        """Questions that the resolvers outside the VPC have ever had: a load of Studio names must add none."""
        return sum(self.asked(server) for server in ("public", "public-2"))


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def states(penstock):
    """{address: (state, since when)}: equal before and after means that nothing has changed in between."""
    metrics = penstock.metrics()
    found = {}
    for name, labels, value in metrics.series:
        if name == "penstock_endpoint_state" and value == 1:
            since = metrics.sum("penstock_endpoint_state_timestamp_seconds", address=labels["address"])
            found[labels["address"]] = (labels["state"], since)
    return found


def state_of(penstock, address):
    return states(penstock)[address][0]


def wait_until_all_up(penstock, timeout=15):
    def up():
        page = penstock.try_metrics()
        return page is not None and {state for state, _ in states(penstock).values()} == {"up"}

    eventually(up, "all endpoints up", timeout)


def sends(penstock, pool=VPC):
    """Queries to the endpoints of a pool, the first ones and those sent again."""
    return penstock.metrics().sum("penstock_endpoint_queries_total", pool=pool)


def assert_settled(penstock):
    """Every query has had an end, and every packet is in exactly one counter."""
    def quiet():
        metrics = penstock.metrics()
        return metrics.sum("penstock_pending_queries") == 0 and metrics.sum("penstock_accounting_residual") == 0

    eventually(quiet, "nothing pending and an accounting residual of 0", timeout=6)
    for process in (penstock.dataplane, penstock.control):
        assert process.running(), penstock.logs()


def ede(answer):
    """Numbers of the Extended DNS Errors in a message (RFC 8914)."""
    return [option.code for option in dns.message.from_wire(answer).options if option.otype == 15]


def print_table(write):
    if not table:
        return
    rows = [("scenario", "asked", "lost", "SERVFAIL", "p50 ms", "p99 ms", "slowest ms")]
    rows += [(scenario, *map(str, seen.numbers())) for scenario, seen in table]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        write("| " + row[0].ljust(widths[0]) + " | " + " | ".join(cell.rjust(width) for cell, width in zip(row[1:], widths[1:])) + " |")

