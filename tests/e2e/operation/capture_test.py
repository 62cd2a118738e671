"""tests/e2e/operation/capture_test.py - an operator captures packets that tcpdump does not see, and reads them with tcpdump and tshark."""

import json
import pathlib
import signal
import subprocess

import pytest

from bad_day import ENDPOINTS, Office, config, quick_health
from client import ask, rcode
from load import Load
from penstock import Penstock, Users, program
from waiting import eventually
from world import HOST, STUDIO, VPC

SHAPES = {"af_xdp": {}, "af_packet": {"ports": [{"name": "corp", "device": "af_packet:corp"}]}}


@pytest.fixture(scope="module")
def office():
    with Office("e2e-capture") as office:
        yield office


@pytest.fixture(scope="module", params=SHAPES)
def penstock(office, request, tmp_path_factory):
    """Confined, with the users and the rights of the units."""
    users = Users(tmp_path_factory.mktemp("users"))
    with Penstock(office, config(quick_health(), **SHAPES[request.param]), users=users) as penstock:
        yield penstock


class Capture:
    """penstockctl capture, which has begun. Its file is there after end(); `said` is its last line."""

    def __init__(self, penstock, *options):
        self.file = pathlib.Path(penstock.run) / "seen.pcapng"
        self.file.unlink(missing_ok=True)
        self.said = ""
        self.child = subprocess.Popen(
            penstock.world.inside("host", program("penstockctl"), "--socket", f"{penstock.run}/control.sock", "capture", *options, self.file),
            stderr=subprocess.PIPE, text=True)
        assert self.child.stderr.readline().startswith("capturing "), self.end(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.child.stderr.close()

    def end(self, how=signal.SIGINT):
        """The exit status."""
        if how:
            self.child.send_signal(how)
        status = self.child.wait(15)
        self.said = self.child.stderr.read().strip()
        print(self.said)
        return status

    def packets(self):
        """As tshark reads them."""
        fields = ["frame.interface_name", "frame.packet_flags_direction", "ip.src", "ip.dst", "udp.srcport", "udp.dstport", "dns.flags.response",
                  "dns.qry.name", "frame.time_epoch"]
        done = subprocess.run(["tshark", "-n", "-r", self.file, "-T", "fields", *[word for field in fields for word in ("-e", field)]],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return [dict(zip(fields, line.split("\t"))) for line in done.stdout.splitlines()]

    def tcpdump(self):
        done = subprocess.run(["tcpdump", "-n", "-r", self.file], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and "error" not in done.stderr and "truncated" not in done.stderr, done.stderr
        return done.stdout.splitlines()


def test_the_way_of_a_query_is_in_the_file(office, penstock):
    with Capture(penstock, "--name", "studio.us-east-1.sagemaker.aws") as capture:
        assert rcode(ask(office, STUDIO)) == "NOERROR"
        assert rcode(ask(office, "www.corp.example")) == "NOERROR"
        assert capture.end() == 0
        seen, lines = capture.packets(), capture.tcpdump()
    print("\n".join(lines))
    assert len(seen) == len(lines) == 4, "the query, what was forwarded, the response, the answer, and nothing of another name"
    query, forwarded, response, answer = seen
    assert query["ip.dst"] == answer["ip.src"] == HOST and query["ip.src"] == answer["ip.dst"]
    assert forwarded["ip.dst"] == response["ip.src"] and forwarded["ip.dst"] in ENDPOINTS
    assert [packet["udp.dstport"] for packet in (query, forwarded)] == ["53", "53"]
    assert forwarded["udp.srcport"] == response["udp.dstport"]
    assert [packet["frame.packet_flags_direction"] for packet in seen] == ["0x00000001", "0x00000002", "0x00000001", "0x00000002"]
    assert {packet["dns.qry.name"].lower() for packet in seen} == {STUDIO.lower()}
    assert {packet["frame.interface_name"] for packet in seen} == {"corp"}
    times = [float(packet["frame.time_epoch"]) for packet in seen]
    assert times == sorted(times) and times[3] - times[0] < 5
    assert f"4 packets written to {capture.file}" in capture.said and "4 matched, 0 lost" in capture.said
    assert capture.said.endswith("it was ended where it was started")
    assert capture.file.stat().st_mode & 0o777 == 0o600


def test_sides_clients_and_endpoints_are_chosen(office, penstock):
    def captured(*options):
        with Capture(penstock, *options) as capture:
            for name in (STUDIO, "www.corp.example"):
                assert rcode(ask(office, name)) == "NOERROR"
            assert capture.end() == 0
            return capture.packets()

    clients = captured("--side", "clients")
    assert len(clients) == 4 and all("53" in (packet["udp.srcport"], packet["udp.dstport"]) for packet in clients)
    assert all(HOST in (packet["ip.src"], packet["ip.dst"]) for packet in clients)
    client = clients[0]["ip.src"]
    assert captured("--client", f"{client}/24", "--packets", "4")[0]["ip.src"] == client
    assert captured("--client", "10.99.0.0/16") == []
    of_vpc = captured("--endpoint", VPC)
    assert len(of_vpc) == 2 and {packet["dns.qry.name"].lower() for packet in of_vpc} == {STUDIO.lower()}
    assert of_vpc[0]["ip.dst"] in ENDPOINTS
    assert captured("--endpoint", of_vpc[0]["ip.dst"], "--side", "endpoints", "--name", "corp.example") == []


def test_each_bound_ends_it_with_a_whole_file(office, penstock):
    with Capture(penstock, "--packets", "7") as capture, Load(office, 200, 1, names="corp.example"):
        assert capture.end(None) == 0
        assert len(capture.packets()) == len(capture.tcpdump()) == 7 and "its 7 packets were written" in capture.said
    with Capture(penstock, "--size", "64KiB") as capture, Load(office, 2000, 1, names="corp.example"):
        assert capture.end(None) == 0
        assert 60_000 < capture.file.stat().st_size <= 65_536 and len(capture.packets()) == len(capture.tcpdump()) > 100
        assert "its 65536 octets were written" in capture.said
    with Capture(penstock, "--seconds", "1") as capture:
        assert capture.end(None) == 0 and capture.packets() == [] and "its 1 s were over" in capture.said


def test_under_load_every_packet_is_in_the_file_or_counted(office, penstock):
    before = penstock.metrics()
    with Capture(penstock, "--size", "1GiB") as capture:
        with Load(office, 10_000, 3, names="corp.example") as load:
            seen = load.result()
        assert capture.end() == 0
        captured = capture.packets()
    print(seen)
    after = penstock.metrics()
    queries = sum(packet["dns.flags.response"] == "0" and packet["ip.dst"] == HOST for packet in captured)
    lost = int(capture.said.split(" lost")[0].rsplit(" ", 1)[1])
    assert queries + lost >= seen.asked and (lost > 0 or queries == seen.asked)
    assert after.sum("penstock_accounting_residual") == 0
    assert after.sum("penstock_transmitted_frames_total", outcome="refused") == before.sum("penstock_transmitted_frames_total", outcome="refused")


def test_one_capture_at_a_time_and_wrong_words_are_explained(office, penstock):
    with Capture(penstock) as capture:
        assert rcode(ask(office, STUDIO)) == "NOERROR"
        second = penstock.ctl_run("capture", f"{penstock.run}/second.pcapng")
        assert second.returncode == 1 and "another capture is running since" in second.stderr and "Ctrl-C" in second.stderr
        # It is refused before the file of the first is touched.
        assert penstock.ctl_run("capture", capture.file).returncode == 1
        assert capture.end() == 0 and len(capture.packets()) >= 4
    for options, error in ((["--client", "nobody"], "'nobody' is neither the address nor a network of clients"),
                           (["--endpoint", "nobody"], "'nobody' is neither an IP address nor a pool"),
                           (["--seconds", "0"], "--seconds: give 1 to 3600")):
        wrong = penstock.ctl_run("capture", *options, f"{penstock.run}/second.pcapng")
        assert wrong.returncode == 1 and error in wrong.stderr
    nowhere = penstock.ctl_run("capture", "/no/such/folder/x.pcapng")
    assert nowhere.returncode == 1 and "cannot write /no/such/folder/x.pcapng: No such file or directory" in nowhere.stderr


def test_a_pipe_takes_packets_as_they_come(office, penstock):
    command = f"{program('penstockctl')} --socket {penstock.run}/control.sock --json capture - --packets 4 --name corp.example | tcpdump -n -r -"
    child = subprocess.Popen(penstock.world.inside("host", "sh", "-c", command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        def over():
            ask(office, "www.corp.example")
            return child.poll() is not None
        eventually(over, "four packets are captured", 15)
        lines, said = child.communicate(timeout=10)
    finally:
        child.kill()
        child.wait()
    assert len(lines.splitlines()) == 4
    assert json.loads(next(line for line in said.splitlines() if line.startswith("{")))["packets"] == 4


def test_it_ends_with_its_reader_and_with_control(office, penstock):
    with Capture(penstock, "--seconds", "600") as capture:
        capture.end(signal.SIGKILL)
    # The reader's death is seen, and another one may begin.
    eventually(lambda: penstock.ctl_run("capture", "--seconds", "1", f"{penstock.run}/after.pcapng").returncode == 0, "another capture begins")
    with Capture(penstock, "--seconds", "600") as capture:
        assert rcode(ask(office, STUDIO)) == "NOERROR"
        penstock.control.end()
        assert capture.end(None) == 0 and "penstock-control is gone" in capture.said and len(capture.packets()) >= 4
    penstock.start_control()
    penstock.wait_ready()


def test_a_dataplane_that_stops_leaves_a_whole_file(office, penstock):
    with Capture(penstock, "--seconds", "600") as capture:
        assert rcode(ask(office, STUDIO)) == "NOERROR"
        penstock.dataplane.end()
        assert capture.end(None) == 0 and "the dataplane stops" in capture.said
        assert len(capture.packets()) == len(capture.tcpdump()) >= 4
    assert "error" not in pathlib.Path(penstock.dataplane.log).read_text(encoding="utf-8")
    penstock.start_dataplane()
    penstock.wait_ready()
