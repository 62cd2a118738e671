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
    "office": {"ForwarderReady", "ForwarderRuns", "Forwarder"},
}

# moto has not the public names of Debian's images.
IMAGES = {"office": {"ForwarderImage": "/image", "ClientImage": "/image"}}


def without(path):
    left = template.load(path)
    for part in ("Resources", "Outputs"):
        left[part] = {key: one for key, one in left.get(part, {}).items() if key not in LEFT_OUT.get(path.stem, ())}
    return json.dumps(left)


def deploy(path):
    name = f"penstock-{path.stem}"
    client = boto3.client("cloudformation", REGION)
    given = {**world.GIVEN.get(path.stem, {}), **IMAGES.get(path.stem, {})}
    parameters = [{"ParameterKey": key, "ParameterValue": one} for key, one in given.items()]
    client.create_stack(StackName=name, TemplateBody=without(path), Parameters=parameters, Capabilities=["CAPABILITY_IAM"])
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        return [f"{path.name}: {stack['StackStatus']}"]
    return []


def look():
    """What the network stack made, as EC2 tells it."""
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
    return wrong


@mock_aws
def main(paths):
    boto3.client("ssm", REGION).put_parameter(Name="/image", Value="ami-12c6146b", Type="String")
    wrong = [text for path in paths for text in deploy(pathlib.Path(path))] + look()
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[variable] = "none"
    os.environ.pop("AWS_PROFILE", None)
    sys.exit(main(sys.argv[1:]))
