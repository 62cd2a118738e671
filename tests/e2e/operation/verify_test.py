"""tests/e2e/operation/verify_test.py - penstockctl verify: the article's check from this host, and what a wrong answer is said to mean."""
import json
import subprocess

import pytest

from penstock import config, program
from world import ENDPOINTS, RESOLVER, STUDIO, VPC_SERVERS, World


@pytest.fixture(scope="module")
def world():
    with World("e2e-verify") as up:
        yield up


@pytest.fixture
def verify(world, tmp_path):
    def run(*arguments, **changes):
        (tmp_path / "penstock.yaml").write_text(json.dumps(config(**changes)))
        return subprocess.run(["ip", "netns", "exec", world.namespace("host"), program("penstockctl"), "verify", "--config",
                               str(tmp_path / "penstock.yaml"), *arguments], capture_output=True, text=True, timeout=30)
    return run


def test_every_private_zone_is_as_it_should_be(verify):
    done = verify()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all answers are correct" in done.stdout
    assert "this form of the name does not exist here" in done.stdout  # FIPS, dual stack: implied, not there
    for name in ("studio.us-east-1.sagemaker.aws", "api.sagemaker.us-east-1.amazonaws.com"):
        assert name in done.stdout
    assert all(address in done.stdout for address in ENDPOINTS)


def test_one_name_over_udp_and_tcp_and_what_to_expect(verify):
    done = verify(STUDIO, "--suggest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("10.16.110.189") >= 4  # two endpoints, two protocols
    assert "expect: [10.16.46.0/24, 10.16.110.0/24]" in done.stdout


def test_addresses_elsewhere_are_wrong_and_the_reason_is_said(verify):
    studio = [{"region": "us-east-1", "pool": "studio-us-east-1", "expect": ["10.20.0.0/16"]}]
    done = verify(STUDIO, studio=studio)
    assert done.returncode == 1
    assert "outside 'expect'" in done.stdout and "WRONG" in done.stdout


def test_a_name_that_the_hosted_zone_lacks(verify):
    done = verify("api-fips.sagemaker.us-east-1.amazonaws.com")
    assert done.returncode == 1
    assert "NXDOMAIN" in done.stdout and "private hosted zone" in done.stdout


def test_the_default_pool_is_asked_only_when_told_and_said_before(world, verify):
    before = world.asked("public", "A")
    assert verify(STUDIO).returncode == 0
    assert world.asked("public", "A") == before
    done = verify(STUDIO, "--compare-default")
    assert done.returncode == 0, done.stdout
    assert "its servers see the names below" in done.stderr
    assert "WRONG" not in done.stdout and "differs" in done.stdout and "all answers are correct" in done.stdout
    assert "54.84.43.253" in done.stdout and world.asked("public", "A") > before


def test_a_resolver_of_the_clients_that_lacks_the_zone(verify, tmp_path):
    (tmp_path / "resolv.conf").write_text(f"search example\nnameserver {RESOLVER}\n")
    done = verify(STUDIO, "--resolv-conf", str(tmp_path / "resolv.conf"))
    assert done.returncode == 1
    assert "every resolver that a client lists" in done.stdout


def test_an_endpoint_that_is_away(world, verify):
    world.stop(VPC_SERVERS[0])
    try:
        done = verify(STUDIO, "--json")
    finally:
        world.start(VPC_SERVERS[0])
    assert done.returncode == 1
    servers = json.loads(done.stdout)["zones"][0]["servers"]
    assert {one["server"] for one in servers if not one["ok"]} == {ENDPOINTS[0]}
    assert any("security group" in one["meaning"] for one in servers)


def test_wrong_use(verify, tmp_path):
    assert verify("bad..name").returncode == 2
    assert verify("x.refused.example", zones=[{"zone": "refused.example", "answer": "refused"}]).returncode == 2
