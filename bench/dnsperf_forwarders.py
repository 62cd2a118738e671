# bench/dnsperf_forwarders.py - the forwarders that bench/dnsperf puts on 192.168.10.86, one after the other, and the servers behind.
#
# All of them get the same rules: the names of `studio:` to the same two endpoints, everything else to the corporate resolver, no
# answer from memory. They are tuned as their own documentation says for one core; every line that is not a default says why.
import os
import shutil
import subprocess
import time

ADDRESS = "192.168.10.86"
ENDPOINTS = ("10.16.1.10", "10.16.2.10")
RESOLVER = "192.168.10.2"
VPC = "studio-us-east-1"
ZONES = ("studio.us-east-1.sagemaker.aws", "api.sagemaker.us-east-1.amazonaws.com", "runtime.sagemaker.us-east-1.amazonaws.com")
PROBE = "d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws"

PENSTOCK = """\
ports:
  - {{name: corp, device: "af_xdp:corp"}}
listen: [{address}]
lcores: 1
idle: {idle}
pools:
  vpc:
    kind: route53-inbound
    # Budget 0: what is measured is the forwarder, not what AWS allows an endpoint.
    endpoints: [{{address: {endpoints[0]}, budget: 0}}, {{address: {endpoints[1]}, budget: 0}}]
    health: {{name: {probe}}}
  corporate: {{kind: recursive, endpoints: [{resolver}]}}
zones:
{zones}
default: {{pool: corporate}}
metrics: {{listen: "127.0.0.1:9153"}}
# No cache, as with the peers: what is measured is forwarding.
dataplane: {{socket: "{run}/dataplane.sock", state_dir: "{run}/state", cache_size: 0}}
control: {{socket: "{run}/control.sock"}}
"""

# dnsdist.org/advanced/tuning.html: several messages a system call, several sockets a backend, larger socket buffers; the limit of
# outstanding queries is a default (65535) that we write down. No packet cache. Health checks as they are by default.
DNSDIST = """\
setLocal("{address}:53")
setACL({{"0.0.0.0/0"}})
setUDPMultipleMessagesVectorSize(32)
setMaxUDPOutstanding(65535)
setUDPSocketBufferSizes(4194304, 4194304)
newServer({{address="{endpoints[0]}:53", pool="vpc", sockets=8}})
newServer({{address="{endpoints[1]}:53", pool="vpc", sockets=8}})
newServer({{address="{resolver}:53", pool="corporate"}})
names = newSuffixMatchNode()
{zones}
addAction(SuffixMatchNodeRule(names), PoolAction("vpc"))
addAction(AllRule(), PoolAction("corporate"))
"""

# unbound.docs.nlnetlabs.nl, "Performance tuning": one thread, larger socket buffers, with libevent a large outgoing-range and half
# of it as queries per thread; no validator; forward-no-cache, so that every query is forwarded.
UNBOUND = """\
server:
  directory: "{run}"
  chroot: ""
  username: ""
  pidfile: "{run}/pid"
  use-syslog: no
  logfile: "{run}/log"
  interface: {address}
  access-control: 0.0.0.0/0 allow
  num-threads: 1
  module-config: "iterator"
  so-rcvbuf: 4m
  so-sndbuf: 4m
  outgoing-range: 8192
  num-queries-per-thread: 4096
  unblock-lan-zones: yes
remote-control:
  control-enable: no
{zones}
forward-zone:
  name: "."
  forward-addr: {resolver}
"""

# The same zone files as the world's own VPC servers, on the same two addresses, by a server that is quick enough (XDP).
KNOT = """\
server:
    rundir: {run}
    listen: [ {endpoints[0]}@53, {endpoints[1]}@53 ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    user: root
xdp:
    listen: eni
database:
    storage: {run}
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: {files}
    file: "%s.zone"
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: none
zone:
{zones}
"""


class Failure(Exception):
    pass


class World:
    """deploy/simulation/world under a prefix; `fast` puts Knot DNS in the place of the VPC's servers."""

    def __init__(self, root, prefix, run):
        self.script = root + "/deploy/simulation/world"
        self.files = root + "/deploy/simulation/zones/" + VPC
        self.prefix, self.run = prefix, run
        self.knot = None

    def command(self, *arguments):
        done = subprocess.run([self.script, arguments[0], self.prefix, *arguments[1:]], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"world {arguments[0]}: {done.stderr.strip()}")

    def inside(self, where):
        return ["ip", "netns", "exec", f"{self.prefix}-{where}"]

    def write(self, where, path, text):
        """Into a file of /sys or /proc/sys of a namespace. Says whether the kernel took it."""
        done = subprocess.run([*self.inside(where), "sh", "-c", f"echo {text} >{path}"], stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def up(self, fast):
        self.command("up", "--arms", "1")
        # A switch asks no firewall: where the kernel has br_netfilter, every bridge would.
        for family in ("iptables", "ip6tables", "arptables"):
            self.write("switch", f"/proc/sys/net/bridge/bridge-nf-call-{family}", "0")
        if not fast:
            return
        for n in (1, 2):
            self.command("stop", f"{VPC}-{n}")
        run = make_folder(self.run + "/knot")
        zones = "\n".join(f"  - domain: {zone}" for zone in ZONES)
        self.knot = Process(self, VPC, run, "knotd", ["knotd", "-c", write(run + "/knot.conf", KNOT.format(
            run=run, endpoints=ENDPOINTS, files=self.files, zones=zones))])
        self.wait_for(ENDPOINTS[1])

    def answers(self, address):
        done = subprocess.run([*self.inside("client"), "dig", "+tries=1", "+time=1", "+short", f"@{address}", PROBE, "A"],
                              capture_output=True, text=True)
        return done.stdout.count("10.16.") == 2

    def wait_for(self, address, watch=None):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if watch is not None:
                watch.check()
            if self.answers(address):
                return
            time.sleep(0.1)
        raise Failure(f"{address} does not answer")

    def upstream_frames(self):
        """Frames that reached the VPC so far: the proof that queries are forwarded, not answered from memory."""
        done = subprocess.run([*self.inside(VPC), "cat", "/sys/class/net/eni/statistics/rx_packets"],
                              capture_output=True, text=True, check=True)
        return int(done.stdout)

    def down(self):
        if self.knot is not None:
            self.knot.stop()
        self.command("down")


class Process:
    """A program in a namespace; ends with this script however it ends."""

    def __init__(self, world, where, run, name, command, cpu=None):
        self.name, self.log = name, f"{run}/{name}.log"
        pin = [] if cpu is None else ["taskset", "-c", str(cpu)]
        with open(self.log, "w") as log:
            self.child = subprocess.Popen([*world.inside(where), "setpriv", "--pdeathsig", "KILL", *pin, *command],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=run)
        self.pid = self.child.pid  # every program on the way replaces itself by the next

    def check(self):
        if self.child.poll() is not None:
            with open(self.log) as log:
                raise Failure(f"{self.name} ended: " + "".join(log.readlines()[-5:]))

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Forwarder:
    """One core runs it and what its interface receives: `cpu`."""

    def __init__(self, name, world, run, cpu, bin_folder, idle="adaptive", receive="thread"):
        self.name, self.world, self.run, self.cpu = name, world, make_folder(f"{run}/{name}"), cpu
        self.bin, self.idle, self.receive = bin_folder, idle, receive
        self.target = ENDPOINTS[0] if name == "upstream" else ADDRESS
        self.processes, self.kernel_threads = [], []

    def settings(self, zones):
        return dict(address=ADDRESS, endpoints=ENDPOINTS, resolver=RESOLVER, run=self.run, probe=PROBE, idle=self.idle, zones=zones)

    def start(self):
        self.place_receiving()
        getattr(self, "start_" + self.name)()
        for process in self.processes[:1]:
            self.world.wait_for(ADDRESS, process)
        if self.name == "penstock":
            self.place_napi()  # only now: each change of XDP programs makes new threads
        time.sleep(1.0 if self.name == "penstock" else 0.2)

    def stop(self):
        for process in self.processes:
            process.stop()
        self.processes, self.kernel_threads = [], []

    def start_upstream(self):
        pass

    def start_penstock(self):
        zones = "\n".join(f"  - {{zone: {zone}, pool: vpc}}" for zone in ZONES)
        config = write(self.run + "/penstock.yaml", PENSTOCK.format(**self.settings(zones)))
        shutil.rmtree(self.run + "/state", ignore_errors=True)
        make_folder(self.run + "/state")
        for name, cpu in (("penstock-dataplane", self.cpu), ("penstock-control", None)):
            self.processes.append(Process(self.world, "host", self.run, name, [find(self.bin, name), "--config", config], cpu))

    def start_dnsdist(self):
        zones = "\n".join(f'names:add("{zone}.")' for zone in ZONES)
        config = write(self.run + "/dnsdist.conf", DNSDIST.format(**self.settings(zones)))
        self.processes.append(Process(self.world, "host", self.run, "dnsdist",
                                      ["dnsdist", "--supervised", "--disable-syslog", "-C", config], self.cpu))

    def start_unbound(self):
        to = "\n".join(f"  forward-addr: {address}" for address in ENDPOINTS)
        zones = "\n".join(f'forward-zone:\n  name: "{zone}"\n{to}\n  forward-no-cache: yes' for zone in ZONES)
        config = write(self.run + "/unbound.conf", UNBOUND.format(**self.settings(zones)))
        self.processes.append(Process(self.world, "host", self.run, "unbound", ["unbound", "-d", "-c", config], self.cpu))

    def place_receiving(self):
        """Who receives for sockets: RPS to the forwarder's core. Without it a veth receives on its sender's core."""
        xdp, own = self.name == "penstock", self.receive != "sender"
        poll = xdp and self.receive == "poll"
        corp = "/sys/class/net/corp/"
        taken = [self.world.write("host", corp + "queues/rx-0/rps_cpus", f"{1 << self.cpu:x}" if own and not xdp else "0"),
                 # Busy polling as DPDK's guide to AF_XDP advises: the lcore's empty polls run the interface's NAPI.
                 self.world.write("host", corp + "napi_defer_hard_irqs", "2" if poll else "0"),
                 self.world.write("host", corp + "gro_flush_timeout", "200000" if poll else "0")]
        if not all(taken):
            raise Failure("cannot say who receives for the forwarder's interface")

    def place_napi(self):
        """XDP on a veth receives by NAPI: as a kernel thread on the forwarder's core, FIFO because the ring before it is short."""
        threaded = self.receive == "thread"
        # The setting outlives the program, so it is written in either case; without a NAPI the kernel refuses it.
        if not self.world.write("host", "/sys/class/net/corp/threaded", str(int(threaded))):
            raise Failure("the kernel does not say who runs the NAPI of the forwarder's interface")
        self.kernel_threads = napi_threads("corp") if threaded else []
        if threaded and not self.kernel_threads:
            raise Failure("the kernel made no NAPI thread for the forwarder's interface")
        for thread in self.kernel_threads:
            os.sched_setaffinity(thread, {self.cpu})
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(50))


def napi_threads(interface):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as comm:
                if comm.read().startswith(f"napi/{interface}-"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def make_folder(path):
    os.makedirs(path, exist_ok=True)
    return path


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def find(folder, name):
    for where, _, names in os.walk(folder):
        if name in names and os.access(f"{where}/{name}", os.X_OK):
            return f"{where}/{name}"
    raise Failure(f"no program {name} in {folder}")
