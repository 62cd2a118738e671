"""deploy/aws/checker/moto_deploy.py - deploys templates one after another in moto, a model of AWS within this process; asks no network.

    moto_deploy.py FILE...       one line for each stack that does not come up, or is not what its template says; status 1 when there is any

What moto 5.2.1 cannot make is taken out before, with the outputs of it: see LEFT_OUT.
"""
import json
import os
import pathlib
import sys

import boto3
from moto import mock_aws

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True
from checker import template, world  # pylint: disable=wrong-import-position

REGION = "us-east-1"
# By template: resources of types that moto does not know, and outputs of attributes that it does not have.
LEFT_OUT = {
    "network": {"InboundEndpoint", "StudioEndpointEntry"},
    "office": {"ForwarderReady", "ForwarderRuns", "Forwarder", "DhcpOptions", "DhcpAssociation"},
}

# In place of images by their public names, which moto does not have.
IMAGE = {"Type": "String", "Default": "ami-12c6146b"}


def without(path):
    """A template as moto can take it."""
    left = template.load(path)
    for part in ("Resources", "Outputs"):
        left[part] = {key: one for key, one in left.get(part, {}).items() if key not in LEFT_OUT.get(path.stem, ())}
    for key, one in left["Parameters"].items():
        if one["Type"].startswith("AWS::SSM::"):
            left["Parameters"][key] = IMAGE
    left["Resources"] = {key: {**one, "DependsOn": [name for name in depends_on(one) if name in left["Resources"]]}
                         for key, one in left["Resources"].items()}
    return left


def depends_on(resource):
    found = resource.get("DependsOn", [])
    return [found] if isinstance(found, str) else found


def deploy(path):
    name, body = f"penstock-{path.stem}", without(path)
    client = boto3.client("cloudformation", REGION)
    parameters = [{"ParameterKey": key, "ParameterValue": one} for key, one in world.GIVEN.get(path.stem, {}).items()]
    client.create_stack(StackName=name, TemplateBody=json.dumps(body), Parameters=parameters, Capabilities=["CAPABILITY_IAM"])
    status = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    made = {one["LogicalResourceId"] for one in client.describe_stack_resources(StackName=name)["StackResources"]}
    wrong = [] if status == "CREATE_COMPLETE" else [f"{path.name}: {status}"]
    return wrong + [f"{path.name}: {one} was not made" for one in sorted(set(body["Resources"]) - made)]


def routes(ec2, vpc):
    """Destination and whether it goes over a peering connection, of the route tables of a VPC by its name. (moto gives tables no tags.)"""
    found = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [vpc]}])["Vpcs"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [one["VpcId"] for one in found]}])["RouteTables"]
    return {one["DestinationCidrBlock"]: "VpcPeeringConnectionId" in one for table in tables for one in table["Routes"]
            if "DestinationCidrBlock" in one}


def look(names):
    """What the stacks made, as EC2 tells it."""
    ec2 = boto3.client("ec2", REGION)
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["Studio-aws"]}])["Vpcs"]
    if [one["CidrBlock"] for one in vpcs] != ["10.16.0.0/16"]:
        return ["Studio-aws: not one VPC of 10.16.0.0/16"]
    mine = [{"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}]
    endpoints = [one["ServiceName"] for one in ec2.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]]
    subnets = {one["CidrBlock"]: one["AvailabilityZone"] for one in ec2.describe_subnets(Filters=mine)["Subnets"]}
    groups = {one["GroupName"] for one in ec2.describe_security_groups(Filters=mine)["SecurityGroups"]}
    wrong = []
    if len(endpoints) != 4:
        wrong.append(f"Studio-aws: endpoints {endpoints}")
    if len(subnets) != 4 or len(set(subnets.values())) != 2:
        wrong.append(f"Studio-aws: subnets {subnets}")
    if not {"STUDIOAWS-AWSSecurityGroup", "STUDIOAWS-EndpointSecurityGroup", "STUDIOAWS-ResolverSecurityGroup"} <= groups:
        wrong.append(f"Studio-aws: groups {groups}")
    if "peering" in names:
        for vpc, destination in (("Studio-aws", "192.168.10.0/24"), ("Studio-onprem", "10.16.0.0/16")):
            if routes(ec2, vpc).get(destination) is not True:
                wrong.append(f"{vpc}: no route to {destination} over the peering connection: {routes(ec2, vpc)}")
    return wrong


@mock_aws
def main(paths):
    wrong = [text for path in paths for text in deploy(path)] + look([path.stem for path in paths])
    left = [f"{path.stem}: {', '.join(sorted(LEFT_OUT[path.stem]))}" for path in paths if path.stem in LEFT_OUT]
    print("\n".join(wrong or ["moto does not know of " + "; ".join(left)]))
    return 1 if wrong else 0


if __name__ == "__main__":
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[variable] = "none"
    os.environ.pop("AWS_PROFILE", None)
    sys.exit(main([pathlib.Path(argument) for argument in sys.argv[1:]]))
