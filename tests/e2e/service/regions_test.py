"""tests/e2e/service/regions_test.py - two regions, and two accounts in one region: each name is answered by its own VPC's servers only."""
import pytest

from client import addresses, ask
from penstock import Penstock, config
from world import ENDPOINTS, VPC, World

# VPC name: (octet of 10.x.0.0/16, region, the domain that lives there)
VPCS = {
    VPC: (16, "us-east-1", "d-sq9djt5lr5pc"),
    "second-account": (17, "us-east-1", "d-acc2acc2acc2"),
    "studio-eu-west-1": (18, "eu-west-1", "d-eueueueueueu"),
}
SERVERS = [f"{name}-{n}" for name in VPCS for n in (1, 2)] + ["public"]


def zone(folder, name, *records):
    head = f"$ORIGIN {name}.\n$TTL 60\n@ SOA ns.example. hostmaster.example. 1 7200 900 1209600 60\n@ NS ns.example.\n"
    (folder / f"{name}.zone").write_text(head + "".join(f"{record}\n" for record in records), encoding="utf-8")


@pytest.fixture(scope="module", name="office")
def _office(tmp_path_factory):
    """Every server knows every domain of its region, and says by its address who it is: a wrong way shows in the answer too."""
    folders = {name: tmp_path_factory.mktemp(name) for name in [*VPCS, "public"]}
    for name, (octet, region, _) in VPCS.items():
        domains = [domain for _, other, domain in VPCS.values() if other == region]
        zone(folders[name], f"studio.{region}.sagemaker.aws", f"@ A 10.{octet}.9.9", f"* A 10.{octet}.9.9",
             *(f"{host}{domain} A 10.{octet}.9.9" for domain in domains for host in ("", "studio-")))
    for region in ("us-east-1", "eu-west-1"):
        zone(folders["public"], f"studio.{region}.sagemaker.aws", "@ A 54.84.43.253", "* CNAME @")
    zone(folders["public"], "example.com", "www A 93.184.215.14")

    def endpoints(octet):
        return [f"10.{octet}.{n}.10" for n in (1, 2)]

    def studio(name, domains, **others):
        octet, region, _ = VPCS[name]
        return {"region": region, "pool": name, "domains": domains, "expect": [f"10.{octet}.0.0/16"], **others}

    health = {"interval": "600ms", "timeout": "200ms"}
    model = config(
        pools={**{name: {"kind": "route53-inbound", "endpoints": endpoints(octet), "health": health} for name, (octet, _, _) in VPCS.items()},
               "corporate": {"kind": "recursive", "endpoints": ["192.168.10.2"]}},
        studio=[studio(VPC, "all"), studio("second-account", ["d-acc2acc2acc2"], others=VPC), studio("studio-eu-west-1", "all")])
    assert endpoints(16) == ENDPOINTS
    with World("e2e-regions", "--vpc-zones", folders[VPC], "--public-zones", folders["public"]) as world:
        for name in ("second-account", "studio-eu-west-1"):
            world.vpc(name, VPCS[name][0], folders[name])
        with Penstock(world, model):
            yield world


@pytest.mark.parametrize("name,owner", [
    ("d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws", VPC),
    ("D-ACC2acc2acc2.Studio.us-east-1.sagemaker.aws", "second-account"),
    ("studio-d-acc2acc2acc2.studio.us-east-1.sagemaker.aws", "second-account"),  # the UI of Studio
    ("app.d-acc2acc2acc2.studio.us-east-1.sagemaker.aws", "second-account"),
    ("studio.us-east-1.sagemaker.aws", VPC),
    ("default-app.studio.us-east-1.sagemaker.aws", VPC),
    ("d-eueueueueueu.studio.eu-west-1.sagemaker.aws", "studio-eu-west-1"),
    ("studio.eu-west-1.sagemaker.aws", "studio-eu-west-1"),
])
def test_only_the_owners_servers_are_asked(office, name, owner):
    before = {server: office.asked(server) for server in SERVERS}
    for _ in range(4):
        answer = addresses(ask(office, name))
        assert answer in ({f"10.{VPCS[owner][0]}.9.9"}, set())
    rose = {server: office.asked(server) - before[server] for server in SERVERS}
    asked = rose[f"{owner}-1"] + rose[f"{owner}-2"]
    assert asked >= 4, rose  # an answer that is late on a busy machine is asked for again
    assert sum(rose.values()) == asked, rose


def test_a_region_without_a_vpc_is_no_private_name(office):
    before = {server: office.asked(server) for server in SERVERS}
    ask(office, "d-none.studio.ap-south-1.sagemaker.aws")
    assert {server for server in SERVERS if office.asked(server) != before[server]} == {"public"}
