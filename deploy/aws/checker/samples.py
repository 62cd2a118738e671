"""deploy/aws/checker/samples.py - the self-test: each kind of mistake, made in a copy of the templates, has to be found where it is."""
import copy

from . import outputs, rules, world


def found(loaded, given=None):
    made = world.World(loaded, given)
    findings = made.findings()
    for rule in rules.ALL:
        findings += rule(made)
    return findings + list(outputs.check(made))


def properties(loaded, stack, resource):
    return loaded[stack]["Resources"][resource]["Properties"]


def _set(stack, resource, key, value):
    return lambda loaded: properties(loaded, stack, resource).__setitem__(key, value)


def _drop(stack, resource, key):
    return lambda loaded: properties(loaded, stack, resource).pop(key)


def _gone(stack, part, key):
    return lambda loaded: loaded[stack][part].pop(key)


def _default(stack, parameter, value):
    return lambda loaded: loaded[stack]["Parameters"][parameter].__setitem__("Default", value)


def _output(stack, key, value):
    return lambda loaded: loaded[stack]["Outputs"].__setitem__(key, {"Value": value})


def _rename(stack, resource, new):
    return lambda loaded: loaded[stack]["Resources"].__setitem__(new, loaded[stack]["Resources"].pop(resource))


def _order(loaded):
    for name in ("network", "domain"):
        loaded[name] = loaded.pop(name)
    loaded["network"] = loaded.pop("network")


WORSE_ALIAS = {"Fn::Select": [1, {"Fn::Split": [":", {"Fn::Select": [3, {"Fn::ImportValue": "penstock-network-StudioEndpointEntry"}]}]}]}

# What is done, where a finding must be, and a part of what it must say.
MISTAKES = {
    "subnet outside its VPC": (_default("network", "PrivateSubnetACidr", "10.17.32.0/20"), "PrivateSubnetA", "outside its VPC"),
    "two subnets of one network": (_default("network", "ResolverSubnetACidr", "10.16.32.0/24"), "ResolverSubnetA", "overlaps"),
    "private DNS without hostnames": (_drop("network", "Vpc", "EnableDnsHostnames"), "StudioEndpoint", "EnableDnsHostnames"),
    "private DNS without DNS": (_set("network", "Vpc", "EnableDnsSupport", False), "ApiEndpoint", "EnableDnsSupport"),
    "wrong service name": (_set("network", "StudioEndpoint", "ServiceName", "com.amazonaws.us-east-1.sagemaker.studio"),
                           "StudioEndpoint", "no interface endpoint service"),
    "service of another Region": (_set("network", "ApiEndpoint", "ServiceName", "com.amazonaws.us-east-2.sagemaker.api"),
                                  "ApiEndpoint", "no interface endpoint service"),
    "an endpoint too few": (_gone("network", "Resources", "RuntimeEndpoint"), "Resources", "no endpoint for"),
    "one zone": (_default("network", "ZoneB", "us-east-1a"), "StudioEndpoint", "two zones"),
    "zone of another Region": (_default("office", "Zone", "eu-central-1a"), "Subnet", "is not in us-east-1"),
    "VPC-only without subnets": (_drop("domain", "Domain", "SubnetIds"), "Domain", "SubnetIds"),
    "VPC-only without groups": (_set("domain", "Domain", "DefaultUserSettings", {"ExecutionRole": "arn"}), "Domain", "SecurityGroups"),
    "domain with Internet access": (_set("domain", "Domain", "AppNetworkAccessType", "PublicInternetOnly"), "Domain", "not VpcOnly"),
    "resolver address outside its subnet": (_default("network", "ResolverAddressA", "10.16.2.11"), "InboundEndpoint", "outside its subnet"),
    "resolver address of Amazon's": (_default("network", "ResolverAddressB", "10.16.2.2"), "InboundEndpoint", "Amazon's own"),
    "resolver address left to AWS": (
        lambda loaded: properties(loaded, "network", "InboundEndpoint")["IpAddresses"][0].pop("Ip"), "InboundEndpoint", "set Ip"),
    "tracked resolver group": (
        lambda loaded: properties(loaded, "network", "ResolverGroup")["SecurityGroupIngress"][0].__setitem__("CidrIp", "192.168.10.0/24"),
        "InboundEndpoint", "tracked"),
    "tracked by its way out": (
        lambda loaded: properties(loaded, "network", "ResolverGroup")["SecurityGroupEgress"][0].__setitem__("CidrIp", "192.168.10.0/24"),
        "InboundEndpoint", "tracked"),
    "443 not from the office": (
        lambda loaded: properties(loaded, "network", "EndpointGroup")["SecurityGroupIngress"].pop(0), "StudioEndpoint", "from the office"),
    "443 from another office": (_default("network", "OfficeCidr", "192.168.20.0/24"), "RuntimeEndpoint", "from the office"),
    "443 not from the VPC": (
        lambda loaded: properties(loaded, "network", "EndpointGroup")["SecurityGroupIngress"].pop(1), "ApiEndpoint", "its own VPC"),
    "no route to the office": (_gone("peering", "Resources", "RouteToOffice"), "Peering", "no route from ResolverSubnetA"),
    "no route to Studio": (_gone("peering", "Resources", "RouteToStudio"), "Peering", "no route from Subnet"),
    "subnet without the route table": (_gone("network", "Resources", "ResolverRouteB"), "Peering", "no route from ResolverSubnetB"),
    "an output too few": (_gone("network", "Outputs", "PenstockExpect"), "PenstockExpect", "no such output"),
    "outputs that name other addresses": (_output("network", "PenstockEndpoints", "10.16.1.11,10.16.2.10"), "PenstockEndpoints", "not the inbound"),
    "outputs that are no addresses": (_output("office", "PenstockDefault", "resolver.example"), "PenstockDefault", "no address"),
    "a listener that no host has": (_output("office", "PenstockListen", "192.168.10.87"), "PenstockListen", "no host has"),
    "Penstock as its own default": (_output("office", "PenstockDefault", "192.168.10.86"), "PenstockDefault", "a loop"),
    "a service without an endpoint": (_output("network", "PenstockServices", "studio,api,runtime,mlflow"), "PenstockServices", "has endpoints for"),
    "an export that is not there": (_gone("network", "Outputs", "RouteTableId"), "RouteToOffice", "no stack before it exports"),
    "a stack before what it imports": (_order, "Domain", "no stack before it exports"),
    "a name that is not there": (_rename("network", "Vpc", "StudioVpc"), "PrivateSubnetA", "neither a parameter nor a resource"),
    "an alias of the wrong entry": (
        lambda loaded: properties(loaded, "domain", "UrlRecord")["AliasTarget"].__setitem__("DNSName", WORSE_ALIAS), "UrlRecord", "no alias"),
    "a record outside its zone": (_set("domain", "UrlRecord", "Name", "studio.us-east-1.sagemaker.aws"), "UrlRecord", "not in the zone"),
    "a zone beside private DNS": (_default("domain", "HostedZones", "region"), "RegionZone", "PrivateDns=false"),
    "a second resolver for clients": (_set("office", "DhcpOptions", "DomainNameServers", ["192.168.10.86", "192.168.10.2"]),
                                      "DhcpOptions", "public answers"),
    "Penstock sent elsewhere": (_default("office", "InboundAddressB", "10.16.2.11"), "InboundAddressA, InboundAddressB", "the network stack has"),
    "another expectation": (_default("office", "StudioCidr", "10.0.0.0/8"), "StudioCidr", "the network stack has"),
    "Penstock closed to the office": (_drop("office", "ForwarderGroup", "SecurityGroupIngress"), "Forwarder", "from the office"),
}


def self_test():
    """Lines that say what the checks did not find, or found where nothing is wrong."""
    wrong = [f"the templates as they are: {finding}" for finding in found(world.templates())]
    region = {"network": {"PrivateDns": "false"}, "domain": {"HostedZones": "region"}}
    wrong += [f"the variant with one zone for the Region: {finding}" for finding in found(world.templates(), region)]
    loaded = world.templates()
    for name, (spoil, resource, text) in MISTAKES.items():
        bad = copy.deepcopy(loaded)
        spoil(bad)
        findings = found(bad)
        if not any(finding.resource == resource and text in finding.text for finding in findings):
            wrong.append(f"{name}: not found at {resource} ({len(findings)} other findings: {'; '.join(map(str, findings[:3]))})")
    return wrong
