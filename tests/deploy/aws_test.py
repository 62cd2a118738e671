"""tests/deploy/aws_test.py - the simulated world, the quickstart and the examples have what the templates of deploy/aws make on AWS."""
import copy
import ipaddress
import json
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy/aws"))
from checker import outputs, world  # pylint: disable=wrong-import-position

SIMULATION = ROOT / "deploy/simulation"
EXAMPLES = ROOT / "config/examples"
DOMAIN = outputs.DOMAIN


@pytest.fixture(scope="module")
def aws():
    return world.World(world.templates())


@pytest.fixture(scope="module")
def imported(aws):
    """The configuration that the stacks' outputs are to become."""
    values, findings = outputs.read(aws)
    assert not findings
    return outputs.configuration(values)


def heredoc(text, start):
    """The text that follows `start` up to the next line TEXT."""
    return text.split(start, 1)[1].split("\n", 1)[1].split("\nTEXT\n", 1)[0]


def quickstart():
    text = heredoc((ROOT / "deploy/quickstart").read_text(encoding="utf-8"), "write_config() {")
    return yaml.safe_load(text.split("<<TEXT\n", 1)[1].replace("$ports", "  []"))


def user_data(aws):
    return aws.stacks["office"].resources["Forwarder"]["Properties"]["UserData"]


def subnet(aws, name):
    return ipaddress.ip_network(aws.by_symbol(aws.tagged(name))["CidrBlock"])


def zone_file(folder, zone):
    """(owner, type, data) of each record of a zone of the simulated world."""
    lines = (SIMULATION / "zones" / folder / f"{zone}.zone").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(None, 2)) for line in lines if line and line[0] not in "$;"]


def v4(addresses):
    return [one for one in addresses if ":" not in str(one)]


def endpoints(pool):
    return [one["address"] if isinstance(one, dict) else one for one in pool["endpoints"]]


def test_the_quickstart_is_what_the_outputs_become(imported):
    shown = quickstart()
    shown["listen"] = v4(shown["listen"])
    for key in imported:
        assert shown[key] == imported[key], key


def test_the_office_host_is_configured_as_the_quickstart(aws, imported):
    written = yaml.safe_load(heredoc(user_data(aws), "cat >/etc/penstock/penstock.yaml").replace("$interface", "ens5"))
    wanted = copy.deepcopy(imported)
    del wanted["pools"]["studio-us-east-1"]["health"]  # The office stack does not know the domain.
    for key in wanted:
        assert written[key] == wanted[key], key
    assert written["ports"] == [{"name": "corp", "device": "af_packet:ens5"}]


def test_user_data_is_a_sound_script(aws):
    done = subprocess.run(["shellcheck", "-"], input=user_data(aws), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout


def test_the_simulated_office_has_the_addresses_of_the_stack(aws):
    text = (SIMULATION / "world").read_text(encoding="utf-8")
    office = aws.stacks["office"].parameters
    drawn = {name: re.search(rf"^#\s+{name}\s+\S+\s+(192\S+)", text, re.M)[1] for name in ("client", "host", "public", "router")}
    assert drawn["client"] == office["ClientAddress"]
    assert drawn["host"] == office["ForwarderAddress"]
    assert drawn["public"] == office["DefaultResolver"]
    inside = ipaddress.ip_network(office["OfficeCidr"])
    assert all(ipaddress.ip_address(one) in inside for one in drawn.values())
    assert f"the bridge that is {inside}" in text


def test_the_simulated_vpc_has_the_network_and_addresses_of_the_stack(aws):
    text = (SIMULATION / "world").read_text(encoding="utf-8")
    network = aws.stacks["network"].parameters
    name, octet = re.search(r"vpc (\S+) (\d+) \"\$vpc_zones\"", text).groups()
    assert name == f"studio-{aws.region}"
    assert network["VpcCidr"] == f"10.{octet}.0.0/16"
    assert "10.$octet.$n.10/16" in text
    assert [network["ResolverAddressA"], network["ResolverAddressB"]] == [f"10.{octet}.{n}.10" for n in (1, 2)]


def test_the_simulated_vpc_has_the_names_that_private_dns_gives(aws):
    made = {path.stem for path in (SIMULATION / f"zones/studio-{aws.region}").glob("*.zone")}
    assert made == aws.private_names()
    studio = zone_file(f"studio-{aws.region}", f"studio.{aws.region}.sagemaker.aws")
    owners = {owner for owner, kind, _ in studio if kind == "A"}
    assert {"@", "*", DOMAIN} <= owners  # private DNS has apex and wildcard, the hosted zone the domain


def test_simulated_addresses_lie_in_the_private_subnets(aws):
    subnets = [subnet(aws, name) for name in ("sn-aws-private-A", "sn-aws-private-B")]
    for zone in aws.private_names():
        owners = {}
        for owner, kind, data in zone_file(f"studio-{aws.region}", zone):
            if kind == "A" and owner != "d-dualstack":
                owners.setdefault(owner, []).append(ipaddress.ip_address(data))
        assert owners
        for owner, found in owners.items():
            assert [sum(one in place for one in found) for place in subnets] == [1, 1], f"{owner} in {zone}: one address in each zone"


def test_hosted_zones_are_those_of_the_article(aws):
    zones = [str(one["Name"]) for _, _, one in aws.all("AWS::Route53::HostedZone")]
    host = f"<penstock-domain.Domain>.studio.{aws.region}.sagemaker.aws"
    assert sorted(zones) == sorted([host, "studio-" + host])
    # A domain without a zone of its own for its user interface would be what local-records.yaml warns of.
    local = yaml.safe_load((EXAMPLES / "local-records.yaml").read_text(encoding="utf-8"))["zones"]
    named = [one["zone"].replace(DOMAIN, "<penstock-domain.Domain>") for one in local if one.get("zone")]
    assert set(zones) <= set(named)


def test_local_records_have_the_addresses_of_the_simulated_endpoint(aws):
    studio = zone_file(f"studio-{aws.region}", f"studio.{aws.region}.sagemaker.aws")
    local = yaml.safe_load((EXAMPLES / "local-records.yaml").read_text(encoding="utf-8"))["zones"]
    wanted = sorted(data for owner, kind, data in studio if owner == DOMAIN and kind == "A")
    for one in local:
        if DOMAIN in one.get("zone", ""):
            assert sorted(record.split()[-1] for record in one["records"]) == wanted


def test_groups_let_the_simulated_office_in_and_no_other(aws):
    office = ipaddress.ip_network(aws.stacks["office"].parameters["OfficeCidr"])
    elsewhere = ipaddress.ip_network("192.168.11.0/24")
    https = aws.ingress(aws.tagged("STUDIOAWS-EndpointSecurityGroup"))
    assert world.lets_in(https, "tcp", 443, office) and not world.lets_in(https, "tcp", 443, elsewhere)
    dns = aws.ingress(aws.tagged("STUDIOAWS-ResolverSecurityGroup"))
    forwarder = aws.ingress(aws.tagged("STUDIOONPREM-DNSSecurityGroup"))
    for protocol in ("udp", "tcp"):
        assert world.lets_in(dns, protocol, 53, ipaddress.ip_network("192.168.20.86/32"))  # quickstart --arms 2: the second arm asks
        assert world.lets_in(forwarder, protocol, 53, office) and not world.lets_in(forwarder, protocol, 53, elsewhere)
    assert not aws.ingress(aws.tagged("STUDIOONPREM-AppSecurityGroup"))
    assert aws.tagged("STUDIOAWS-AWSSecurityGroup")  # the article's


def test_the_articles_names_are_those_of_the_stacks(aws):
    for name in ("Studio-aws", "sn-aws-private-A", "sn-aws-private-B", "Studio-AWS-RT", "Studio-onprem", "Studio-ONPREM-RT",
                 "STUDIO-ONPREM-DNSA", "Studio-ONPREM-APP", "STUDIOAWS-AWSSecurityGroup"):
        assert aws.tagged(name), name
    assert aws.stacks["domain"].parameters["UserProfileName"] == "demouser1"


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_an_example_has_the_articles_addresses(aws, example):
    written = yaml.safe_load((EXAMPLES / example).read_text(encoding="utf-8"))
    inbound = [pool for pool in written["pools"].values() if pool["kind"] == "route53-inbound"]
    network, office = aws.stacks["network"].parameters, aws.stacks["office"].parameters
    assert v4(endpoints(inbound[0])) == [network["ResolverAddressA"], network["ResolverAddressB"]]
    assert endpoints(written["pools"][written["default"]["pool"]])[0] == office["DefaultResolver"]
    assert v4(written.get("listen", [office["ForwarderAddress"]])) == [office["ForwarderAddress"]]
    for one in written.get("studio", []):
        assert network["VpcCidr"] in one.get("expect", [network["VpcCidr"]])


# The second accounts and Regions of the examples are stacks with other parameters.
@pytest.mark.parametrize("example, pool, octet, region", [
    ("two-accounts.yaml", "trading", 20, "us-east-1"), ("two-regions.yaml", "frankfurt", 32, "eu-central-1")])
def test_a_second_network_of_an_example_is_a_stack_with_other_parameters(example, pool, octet, region):
    network = {
        "VpcCidr": f"10.{octet}.0.0/16", "PrivateSubnetACidr": f"10.{octet}.32.0/20", "PrivateSubnetBCidr": f"10.{octet}.96.0/20",
        "ResolverSubnetACidr": f"10.{octet}.1.0/24", "ResolverSubnetBCidr": f"10.{octet}.2.0/24",
        "ResolverAddressA": f"10.{octet}.1.10", "ResolverAddressB": f"10.{octet}.2.10", "ZoneA": f"{region}a", "ZoneB": f"{region}b"}
    office = {"Zone": f"{region}a", "StudioCidr": network["VpcCidr"], "StudioRegion": region,
              "InboundAddressA": network["ResolverAddressA"], "InboundAddressB": network["ResolverAddressB"]}
    settings = [f"--set={stack}.{key}={value}" for stack, given in (("network", network), ("office", office)) for key, value in given.items()]
    check = [ROOT / "deploy/aws/check", "--region", region, *settings]
    done = subprocess.run([*check, "rules"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout
    done = subprocess.run([*check, "--configuration"], capture_output=True, text=True, timeout=30, check=True)
    made = json.loads(done.stdout)["pools"][f"studio-{region}"]
    written = yaml.safe_load((EXAMPLES / example).read_text(encoding="utf-8"))
    assert endpoints(written["pools"][pool]) == made["endpoints"]


def test_the_page_names_stacks_and_parameters_that_are_there(aws):
    page = (ROOT / "docs/aws.md").read_text(encoding="utf-8")
    for path in (ROOT / "deploy/aws").glob("*.yaml"):
        assert path.name in page, path.name
    known = {key for stack in aws.stacks.values() for key in stack.parameters}
    known |= set(world.templates(("gateway",))["gateway"]["Parameters"])
    used = {key for line in page.splitlines() if "--parameter-overrides" in line
            for key in re.findall(r"\b([A-Z]\w+)=", line.split("--parameter-overrides")[1])}
    used |= {key for stack, key in re.findall(r"--set (\w+)\.(\w+)=", page)}
    assert len(used) > 4 and used <= known, used - known
