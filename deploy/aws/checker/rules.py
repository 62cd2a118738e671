"""deploy/aws/checker/rules.py - what has to hold between the four stacks, and what other checkers of templates do not look at."""
from .template import Finding, Symbol
from .world import address, is_on, lets_in, network, services

RESERVED_FIRST, RESERVED_LAST = 4, 1  # addresses of each subnet that are Amazon's
EVERYWHERE = network("0.0.0.0/0")


def _found(stack, name, text):
    return Finding(stack.file, name, text)


def subnets_lie_in_their_vpc(world):
    seen = []
    for stack, name, one in world.all("AWS::EC2::Subnet"):
        own, outer = network(one.get("CidrBlock")), network(world.by_symbol(one.get("VpcId")).get("CidrBlock"))
        if own is None or outer is None:
            yield _found(stack, name, f"its network {one.get('CidrBlock')} or that of its VPC is no network")
        elif not own.subnet_of(outer):
            yield _found(stack, name, f"{own} is outside its VPC's network {outer}")
        else:
            for other_vpc, other_name, other in seen:
                if other_vpc == one["VpcId"] and other.overlaps(own):
                    yield _found(stack, name, f"{own} overlaps {other} of {other_name}")
            seen.append((one["VpcId"], name, own))


def zones_are_of_the_region(world):
    for stack, name, one in world.all("AWS::EC2::Subnet"):
        if not str(one.get("AvailabilityZone")).startswith(world.region):
            yield _found(stack, name, f"the zone {one.get('AvailabilityZone')} is not in {world.region}")


def private_dns_has_hostnames(world):
    for stack, name, one in world.all("AWS::EC2::VPCEndpoint"):
        vpc = world.by_symbol(one.get("VpcId"))
        if is_on(one.get("PrivateDnsEnabled")):
            if not is_on(vpc.get("EnableDnsHostnames")):
                yield _found(stack, name, "private DNS without EnableDnsHostnames of its VPC: the stack fails")
            if not is_on(vpc.get("EnableDnsSupport"), default=True):
                yield _found(stack, name, "private DNS without EnableDnsSupport of its VPC: the stack fails")


def service_names_exist(world):
    known, there = services(world.region), set()
    for stack, name, one in world.all("AWS::EC2::VPCEndpoint"):
        service = one.get("ServiceName")
        there.add(service)
        if one.get("VpcEndpointType") == "Interface" and service not in known:
            yield _found(stack, name, f"there is no interface endpoint service '{service}' for Studio: {', '.join(known)}")
        if one.get("VpcEndpointType") != "Interface" and service != f"com.amazonaws.{world.region}.s3":
            yield _found(stack, name, f"'{service}' is no gateway endpoint service")
    for service in known:
        if service not in there:
            yield Finding("deploy/aws/network.yaml", "Resources", f"no endpoint for {service}")


def interface_endpoints_have_two_zones(world):
    for stack, name, one in world.all("AWS::EC2::VPCEndpoint"):
        if one.get("VpcEndpointType") == "Interface":
            zones = {str(world.by_symbol(subnet).get("AvailabilityZone")) for subnet in one.get("SubnetIds", [])}
            if len(zones) < 2:
                yield _found(stack, name, "its subnets are not in two zones: a zone that goes takes it away")


def vpc_only_domain_has_subnets(world):
    for stack, name, one in world.all("AWS::SageMaker::Domain"):
        if one.get("AppNetworkAccessType") != "VpcOnly":
            yield _found(stack, name, "it is not VpcOnly: its applications reach the Internet")
            continue
        if not one.get("VpcId") or not one.get("SubnetIds"):
            yield _found(stack, name, "VpcOnly without VpcId or SubnetIds: the stack fails")
        if not one.get("DefaultUserSettings", {}).get("SecurityGroups"):
            yield _found(stack, name, "VpcOnly without SecurityGroups in DefaultUserSettings: the stack fails")
        for subnet in one.get("SubnetIds") or []:
            if world.by_symbol(subnet).get("VpcId") != one.get("VpcId"):
                yield _found(stack, name, f"{subnet} is in another VPC")


def resolver_addresses_lie_in_their_subnets(world):
    for stack, name, one in world.all("AWS::Route53Resolver::ResolverEndpoint"):
        places = one.get("IpAddresses", [])
        if len(places) < 2 or len({str(world.by_symbol(place["SubnetId"]).get("AvailabilityZone")) for place in places}) < 2:
            yield _found(stack, name, "it needs two addresses at least, in two zones")
        for place in places:
            own, subnet = address(place.get("Ip")), network(world.by_symbol(place["SubnetId"]).get("CidrBlock"))
            if own is None:
                yield _found(stack, name, "an address that Amazon chooses is in no output: set Ip")
            elif subnet is None or own not in subnet:
                yield _found(stack, name, f"{own} is outside its subnet's network {subnet}")
            elif not RESERVED_FIRST <= int(own) - int(subnet.network_address) < subnet.num_addresses - RESERVED_LAST:
                yield _found(stack, name, f"{own} is one of the addresses of {subnet} that are Amazon's own")


def resolver_group_is_untracked(world):
    for stack, name, one in world.all("AWS::Route53Resolver::ResolverEndpoint"):
        for group in one.get("SecurityGroupIds", []):
            for protocol in ("udp", "tcp"):
                if not lets_in(world.ingress(group), protocol, 53, EVERYWHERE):
                    yield _found(stack, name, f"{group} does not let {protocol} port 53 in from 0.0.0.0/0: connections are tracked, "
                                 "and an address serves 1,500 queries/s instead of 10,000")
            egress = world.by_symbol(group).get("SecurityGroupEgress")
            if egress is not None and not any(rule.get("CidrIp") == "0.0.0.0/0" and str(rule["IpProtocol"]) == "-1" for rule in egress):
                yield _found(stack, name, f"{group} does not let everything out to 0.0.0.0/0: connections are tracked")


def office_reaches_https(world):
    office = world.office_network()
    for stack, name, one in world.all("AWS::EC2::VPCEndpoint"):
        if one.get("VpcEndpointType") != "Interface":
            continue
        rules = [rule for group in one.get("SecurityGroupIds", []) for rule in world.ingress(group)]
        for who, source in (("the office", office), ("its own VPC", network(world.by_symbol(one["VpcId"]).get("CidrBlock")))):
            if source and not lets_in(rules, "tcp", 443, source):
                yield _found(stack, name, f"no group of it lets TCP 443 in from {who}, {source}")


def routes_lead_both_ways(world):
    studio, office = world.studio_vpc(), world.stacks["office"].outputs.get("VpcId")
    for stack, name, one in world.all("AWS::EC2::VPCPeeringConnection"):
        if {one.get("VpcId"), one.get("PeerVpcId")} != {studio, office}:
            yield _found(stack, name, "it does not join the Studio VPC and the office")
        peering = world.symbol(stack, name)
        for vpc, other in ((studio, office), (office, studio)):
            wanted = network(world.by_symbol(other).get("CidrBlock"))
            for subnet_stack, subnet, _ in world.subnets_of(vpc):
                table = world.route_table_of(world.symbol(subnet_stack, subnet))
                if not any(route.get("VpcPeeringConnectionId") == peering and network(route.get("DestinationCidrBlock")) == wanted
                           for route in world.routes_of(table)):
                    yield _found(stack, name, f"no route from {subnet} to {wanted} by this connection")
    networks = [network(world.by_symbol(vpc).get("CidrBlock")) for vpc in (studio, office)]
    if None not in networks and networks[0].overlaps(networks[1]):
        yield Finding("deploy/aws/peering.yaml", "Resources", f"{networks[0]} and {networks[1]} overlap: no peering")


def hosted_zones_lead_to_studio(world):
    zones = {world.symbol(stack, name): one for stack, name, one in world.all("AWS::Route53::HostedZone")}
    for stack, name, one in world.all("AWS::Route53::HostedZone"):
        if str(one.get("Name")).rstrip(".") in world.private_names():
            yield _found(stack, name, f"private DNS of an endpoint has {one['Name']} already: set PrivateDns=false")
        if world.studio_vpc() not in [vpc.get("VPCId") for vpc in one.get("VPCs", [])]:
            yield _found(stack, name, "it is not associated with the VPC of the inbound endpoint")
    for stack, name, one in world.all("AWS::Route53::RecordSet"):
        zone = str(zones.get(one.get("HostedZoneId"), {}).get("Name"))
        if not (str(one["Name"]) == zone or str(one["Name"]).endswith("." + zone)):
            yield _found(stack, name, f"{one['Name']} is not in the zone {zone}")
        target = one.get("AliasTarget", {}).get("DNSName")
        service = world.by_symbol(target).get("ServiceName")
        if not isinstance(target, Symbol) or target.attribute != "DnsEntries[0].split[1]" or not str(service).endswith(".studio"):
            yield _found(stack, name, "it is no alias of the first DnsEntries, the regional name, of the Studio endpoint")


def office_forwards_to_the_inbound_endpoint(world):
    """The office is another company's in the real world: it imports nothing, and its parameters repeat the network's outputs."""
    given, there = world.stacks["office"].parameters, world.stacks["network"].outputs
    repeated = {"InboundAddressA, InboundAddressB": (f"{given['InboundAddressA']},{given['InboundAddressB']}", there.get("PenstockEndpoints")),
                "StudioCidr": (given["StudioCidr"], there.get("PenstockExpect")),
                "StudioRegion": (given["StudioRegion"], there.get("PenstockRegion"))}
    for name, (one, other) in repeated.items():
        if one != other:
            yield Finding("deploy/aws/office.yaml", name, f"{one}, but the network stack has {other}")


def office_asks_penstock_alone(world):
    listen = world.stacks["office"].outputs.get("PenstockListen")
    for stack, name, one in world.all("AWS::EC2::DHCPOptions"):
        if one.get("DomainNameServers") not in ([listen], ["AmazonProvidedDNS"]):
            yield _found(stack, name, f"clients list {one.get('DomainNameServers')}: any but {listen} gives them public answers")
    for stack, name, one in world.all("AWS::EC2::Instance"):
        subnet = network(world.by_symbol(one.get("SubnetId")).get("CidrBlock"))
        own = address(one.get("PrivateIpAddress"))
        if own is None or subnet is None or own not in subnet:
            yield _found(stack, name, f"{one.get('PrivateIpAddress')} is outside its subnet's network {subnet}")
    office = world.office_network()
    for stack, name, one in world.all("AWS::EC2::Instance"):
        if one.get("PrivateIpAddress") == listen:
            rules = [rule for group in one.get("SecurityGroupIds", []) for rule in world.ingress(group)]
            for protocol in ("udp", "tcp"):
                if office and not lets_in(rules, protocol, 53, office):
                    yield _found(stack, name, f"no group of it lets {protocol} port 53 in from the office, {office}")


ALL = (subnets_lie_in_their_vpc, zones_are_of_the_region, private_dns_has_hostnames, service_names_exist, interface_endpoints_have_two_zones,
       vpc_only_domain_has_subnets, resolver_addresses_lie_in_their_subnets, resolver_group_is_untracked, office_reaches_https,
       routes_lead_both_ways, hosted_zones_lead_to_studio, office_forwards_to_the_inbound_endpoint,
       office_asks_penstock_alone)
