"""deploy/aws/checker/outputs.py - the outputs that `penstockctl import aws` reads, as one configuration, and what is wrong with them.

Keys begin with "Penstock", and values are text: a list has commas. Two stacks of one Region are one pool.
"""
from .template import Finding, Symbol
from .world import address, network, services

# Output, the stack that has it, whether it is a list.
KEYS = {
    "PenstockRegion": ("network", False),
    "PenstockServices": ("network", True),
    "PenstockEndpoints": ("network", True),
    "PenstockExpect": ("network", True),
    "PenstockDomains": ("domain", True),
    "PenstockListen": ("office", True),
    "PenstockDefault": ("office", True),
}
# What a domain's id becomes in thought: the article's.
DOMAIN = "d-sq9djt5lr5pc"


def read(world):
    """The outputs as lists of text, by key; findings in their place where there is none."""
    values, findings = {}, []
    for key, (stack, is_list) in KEYS.items():
        one = world.stacks[stack].outputs.get(key)
        if one is None:
            findings.append(Finding(world.stacks[stack].file, key, "no such output: the import needs it"))
            continue
        text = DOMAIN if isinstance(one, Symbol) and key == "PenstockDomains" else str(one)
        values[key] = text.split(",") if is_list else [text]
    return values, findings


def configuration(values):
    """What the import writes: a configuration for Penstock. Every VPC has names for its domain and the rest of its Region."""
    region = values["PenstockRegion"][0]
    return {
        "listen": values["PenstockListen"],
        "pools": {
            f"studio-{region}": {"kind": "route53-inbound", "endpoints": values["PenstockEndpoints"],
                                 "health": {"name": f"{values['PenstockDomains'][0]}.studio.{region}.sagemaker.aws"}},
            "corporate": {"kind": "recursive", "endpoints": values["PenstockDefault"]},
        },
        "studio": [{"region": region, "pool": f"studio-{region}", "domains": "all", "services": values["PenstockServices"],
                    "expect": values["PenstockExpect"]}],
        "default": {"pool": "corporate"},
    }


def check(world):
    values, findings = read(world)
    yield from findings
    if findings:
        return

    def wrong(key, text):
        return Finding(world.stacks[KEYS[key][0]].file, key, text)

    for key in ("PenstockEndpoints", "PenstockListen", "PenstockDefault"):
        for one in values[key]:
            if address(one) is None:
                yield wrong(key, f"'{one}' is no address")
    made = {place.get("Ip") for _, _, one in world.all("AWS::Route53Resolver::ResolverEndpoint") for place in one.get("IpAddresses", [])}
    if set(values["PenstockEndpoints"]) != made:
        yield wrong("PenstockEndpoints", f"{', '.join(values['PenstockEndpoints'])}: not the inbound endpoint's {', '.join(map(str, made))}")
    vpc = network(world.by_symbol(world.studio_vpc()).get("CidrBlock"))
    if [network(one) for one in values["PenstockExpect"]] != [vpc]:
        yield wrong("PenstockExpect", f"{', '.join(values['PenstockExpect'])}: not the VPC's network {vpc}")
    known = services(world.region)
    there = [one.get("ServiceName") for _, _, one in world.all("AWS::EC2::VPCEndpoint") if one.get("VpcEndpointType") == "Interface"]
    words = sorted(known[one].word for one in there if one in known)
    if sorted(values["PenstockServices"]) != words:
        yield wrong("PenstockServices", f"{', '.join(values['PenstockServices'])}: the VPC has endpoints for {', '.join(words)}")
    hosts = {one.get("PrivateIpAddress") for _, _, one in world.all("AWS::EC2::Instance")}
    for one in values["PenstockListen"]:
        if one not in hosts:
            yield wrong("PenstockListen", f"no host has {one}")
    if set(values["PenstockDefault"]) & (set(values["PenstockListen"]) | set(values["PenstockEndpoints"])):
        yield wrong("PenstockDefault", "it is Penstock itself or the inbound endpoint: a loop, or public names asked of the VPC")
    if world.stacks["domain"].outputs.get("PenstockRegion") != values["PenstockRegion"][0]:
        yield Finding(world.stacks["domain"].file, "PenstockRegion", "not the network's Region")
