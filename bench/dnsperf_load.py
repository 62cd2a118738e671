# bench/dnsperf_load.py - one step of load: dnsperf or kxdpgun for some seconds, and what the cores did meanwhile.
import os
import re
import statistics
import subprocess
import time
import urllib.error

from dnsperf_forwarders import Failure

OUTSTANDING = 1000  # dnsperf stops sending at so many: at 50,000 q/s that is 20 ms
SOCKETS = 20
BACKLOG = 262144    # bytes in the forwarder's receive buffers while load lasts; more is a debt, not a rate
TICK = os.sysconf("SC_CLK_TCK")


class Step:
    """asked: q/s that were to be sent; sent, good: queries, and NOERROR answers; seconds: of sending."""

    def __init__(self, asked, sent, good, seconds):
        self.asked, self.sent, self.good, self.seconds = asked, sent, good, seconds
        self.latencies = []
        self.core_busy = self.forwarder_seconds = self.control_seconds = 0.0
        self.lcore_busy = None
        self.forwarded = 0.0
        self.backlog = 0

    @property
    def rate(self):
        return self.good / self.seconds if self.seconds else 0.0

    @property
    def loss(self):
        return 1 - self.good / self.sent if self.sent else 1.0

    def sustained(self):
        return self.loss < 0.001 and self.rate >= 0.98 * self.asked and self.backlog < BACKLOG

    def percentile(self, share):
        ordered = self.latencies
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e6 if ordered else float("nan")


def number(pattern, text, default=None):
    found = re.search(pattern, text)
    if found is None and default is None:
        raise Failure(f"cannot read the generator's report:\n{text[-800:]}")
    return float(found.group(1)) if found else default


def dnsperf(world, target, names, seconds, rate, each_query=False):
    """rate 0: as fast as answers come. each_query: keeps every latency, at the price of a line of output for each."""
    command = [*world.inside("client"), "dnsperf", "-s", target, "-d", names, "-l", str(seconds), "-t", "1", "-c", str(SOCKETS),
               "-q", str(OUTSTANDING)]
    command += ["-Q", str(int(rate))] if rate else []
    command += ["-v"] if each_query else []
    out = run(command, seconds + 10)
    step = Step(rate, number(r"Queries sent: +(\d+)", out), number(r"NOERROR (\d+) \(", out, 0), number(r"Run time \(s\): +([\d.]+)", out))
    if each_query:
        step.latencies = sorted(float(line.rsplit(" ", 1)[1]) for line in out.splitlines() if line.startswith("> NOERROR"))
    return step


def kxdpgun(world, target, names, seconds, rate):
    # Batches of 10 by default; it builds frames itself and never waits for answers.
    out = run([*world.inside("client"), "kxdpgun", "-t", str(seconds), "-Q", str(int(rate)), "-i", names, target], seconds + 10)
    # A rate that it cannot send shows as queries that are missing.
    return Step(rate, number(r"total queries: +(\d+)", out), number(r"responded NOERROR: +(\d+)", out, 0), seconds)


def run(command, limit):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise Failure(" ".join(command[4:6]) + f" did not end within {limit} s") from None
    return done.stdout


def measure(world, forwarder, generator, **how):
    """One step, with the counters of before and after around it."""
    before, frames = Counters(world, forwarder), world.upstream_frames()
    watch = BacklogWatch(forwarder, how["seconds"])
    step = generator(world, forwarder.target, **how)
    after = Counters(world, forwarder)
    step.backlog = watch.end()
    # The core's busy share over the time of sending: what came after is idle.
    step.core_busy = min(1.0, (after.busy - before.busy) / TICK / max(step.seconds, 0.001))
    step.forwarder_seconds = after.own - before.own
    step.control_seconds = after.control - before.control
    if after.cycles is not None and before.cycles is not None:
        busy, idle = (after.cycles[i] - before.cycles[i] for i in (0, 1))
        # Seconds before and after the load were idle: of one core's cycles while it lasted.
        step.lcore_busy = min(1.0, busy / (busy + idle) * (after.when - before.when) / max(step.seconds, 0.001))
    step.forwarded = (world.upstream_frames() - frames) / max(step.sent, 1)
    if step.good and step.forwarded < 0.97 * step.good / max(step.sent, 1):
        raise Failure(f"{forwarder.name}: the VPC saw only {step.forwarded:.2f} frames a query: some answers were not forwarded")
    return step


class BacklogWatch:
    """Looks at the receive buffers of the forwarder shortly before the load ends."""

    def __init__(self, forwarder, seconds):
        self.probe = None
        if forwarder.processes:
            script = f"sleep {seconds * 0.9}; exec cat /proc/{forwarder.processes[0].pid}/net/udp"
            self.probe = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def end(self):
        if self.probe is None:
            return 0
        table = self.probe.communicate()[0].splitlines()[1:]
        return sum(int(line.split()[4].split(":")[1], 16) for line in table)


class Counters:
    def __init__(self, world, forwarder):
        self.when = time.monotonic()
        with open("/proc/stat") as stat:
            ticks = next(line for line in stat if line.startswith(f"cpu{forwarder.cpu} ")).split()[1:9]
        self.busy = sum(int(ticks[i]) for i in (0, 1, 2, 5, 6, 7))
        pids = [process.pid for process in forwarder.processes]
        self.own = sum(run_time(pid) for pid in [*pids[:1], *forwarder.kernel_threads])
        self.control = sum(run_time(pid) for pid in pids[1:])
        self.cycles = self.lcore_cycles(world) if forwarder.name == "penstock" else None

    @staticmethod
    def lcore_cycles(world):
        page = run([*world.inside("host"), "curl", "-s", "--max-time", "2", "http://127.0.0.1:9153/metrics"], 5)
        found = [re.search(rf'penstock_lcore_cycles_total{{[^}}]*state="{state}"[^}}]*}} ([\d.e+]+)', page) for state in ("busy", "idle")]
        return [float(one.group(1)) for one in found] if all(found) else None


def run_time(pid):
    """Seconds on a CPU of all threads, by the scheduler's own account: /proc/PID/stat counts whole ticks."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as schedstat:
                total += int(schedstat.read().split()[0])
    except OSError:
        pass
    return total / 1e9


def median(values):
    return statistics.median(values) if values else float("nan")
