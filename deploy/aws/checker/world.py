"""deploy/aws/checker/world.py - the article's four stacks, deployed in order in thought, and questions about what they make."""
import collections
import ipaddress
import pathlib

from . import template

FOLDER = pathlib.Path(__file__).resolve().parents[1]
ORDER = ("network", "domain", "office", "peering")
# What has no default because the article has no value for it.
GIVEN = {"office": {"PenstockSource": "https://example.com/penstock.deb"}}

# An endpoint service that an office reaches Studio by: its word in `services:` of Penstock, and the names that private DNS answers for.
Service = collections.namedtuple("Service", "word names")


def services(region):
    return {
        f"aws.sagemaker.{region}.studio": Service("studio", [f"studio.{region}.sagemaker.aws"]),
        f"com.amazonaws.{region}.sagemaker.api": Service("api", [f"api.sagemaker.{region}.amazonaws.com"]),
        f"com.amazonaws.{region}.sagemaker.runtime": Service("runtime", [f"runtime.sagemaker.{region}.amazonaws.com"]),
    }


def templates(names=ORDER):
    return {name: template.load(FOLDER / f"{name}.yaml") for name in names}


class World:
    """`loaded` are templates by name; `given` are parameters by template and name."""

    def __init__(self, loaded, given=None, region="us-east-1"):
        self.region, self.stacks, exports = region, {}, {}
        for name, one in loaded.items():
            parameters = {**GIVEN.get(name, {}), **(given or {}).get(name, {})}
            self.stacks[name] = template.Stack(f"penstock-{name}", f"deploy/aws/{name}.yaml", one, parameters, exports, region)

    def findings(self):
        return [finding for stack in self.stacks.values() for finding in stack.findings]

    def all(self, kind):
        """(stack, name, properties) of every resource of a type."""
        for stack in self.stacks.values():
            for name, one in stack.resources.items():
                if one["Type"] == kind:
                    yield stack, name, one.get("Properties", {})

    def by_symbol(self, symbol):
        """The properties of the resource that a value names; empty where it names none."""
        for stack in self.stacks.values():
            if isinstance(symbol, template.Symbol) and stack.name == symbol.stack and symbol.resource in stack.resources:
                return stack.resources[symbol.resource].get("Properties", {})
        return {}

    def symbol(self, stack, name):
        return template.Symbol(stack.name, name, "")

    def tagged(self, value):
        """The symbol of what bears this Name, or this group name."""
        for stack in self.stacks.values():
            for name, one in stack.resources.items():
                properties = one.get("Properties", {})
                tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", []) if isinstance(tag, dict)}
                if value in (tags.get("Name"), properties.get("GroupName")):
                    return self.symbol(stack, name)
        return None

    def subnets_of(self, vpc):
        return [(stack, name, one) for stack, name, one in self.all("AWS::EC2::Subnet") if one.get("VpcId") == vpc]

    def ingress(self, group):
        """All rules that let something in to a group, inline or of resources of their own."""
        rules = list(self.by_symbol(group).get("SecurityGroupIngress", []))
        return rules + [one for _, _, one in self.all("AWS::EC2::SecurityGroupIngress") if one.get("GroupId") == group]

    def route_table_of(self, subnet):
        for _, _, one in self.all("AWS::EC2::SubnetRouteTableAssociation"):
            if one.get("SubnetId") == subnet:
                return one.get("RouteTableId")
        return None

    def routes_of(self, table):
        return [one for _, _, one in self.all("AWS::EC2::Route") if one.get("RouteTableId") == table]

    def private_names(self):
        """The names that private DNS of the interface endpoints answers for, each with all below it where AWS does so."""
        known = services(self.region)
        return {name for _, _, one in self.all("AWS::EC2::VPCEndpoint")
                if is_on(one.get("PrivateDnsEnabled")) and one["ServiceName"] in known for name in known[one["ServiceName"]].names}

    def studio_vpc(self):
        """The VPC of the inbound endpoint: of its first subnet."""
        for _, _, one in self.all("AWS::Route53Resolver::ResolverEndpoint"):
            for place in one.get("IpAddresses", []):
                return self.by_symbol(place["SubnetId"]).get("VpcId")
        return None

    def office_network(self):
        return network(self.stacks["office"].outputs.get("Cidr"))


def network(text):
    """An IP network, or nothing where the text is none."""
    try:
        return ipaddress.ip_network(str(text))
    except ValueError:
        return None


def address(text):
    try:
        return ipaddress.ip_address(str(text))
    except ValueError:
        return None


def is_on(value, default=False):
    return default if value is None else str(value).lower() == "true"


def lets_in(rules, protocol, port, source):
    """Whether one of the rules lets this protocol and port in from the whole of the network."""
    for rule in rules:
        inside = network(rule.get("CidrIp"))
        if str(rule.get("IpProtocol")) not in (protocol, "-1") or not inside or not source.subnet_of(inside):
            continue
        if str(rule.get("IpProtocol")) == "-1" or int(rule["FromPort"]) <= port <= int(rule["ToPort"]):
            return True
    return False
