"""deploy/aws/checker/spec.py - resource types, properties and attributes against npm's @aws-cdk/aws-service-spec, a database as JSON."""
import gzip
import json
import os
import pathlib
import subprocess

from .template import Finding

PACKAGE, VERSION = "@aws-cdk/aws-service-spec", "0.1.216"
# Of CloudFormation's own, or of every resource: not in the database.
OWN_TYPES = {"AWS::CloudFormation::WaitConditionHandle": [], "AWS::CloudFormation::WaitCondition": ["Handle", "Timeout", "Count"]}


def find(folder):
    """The database below a folder that npm installed into, or nothing."""
    for place in (pathlib.Path(folder), pathlib.Path(folder) / "node_modules" / PACKAGE):
        if (place / "db.json.gz").is_file():
            return place / "db.json.gz"
    return None


def fetch(folder):
    """Installs the package into a folder. What went wrong as text, or nothing."""
    os.makedirs(folder, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries", "0", "--prefix", str(folder), f"{PACKAGE}@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except FileNotFoundError:
        return "npm is not installed"
    except subprocess.TimeoutExpired:
        return "npm took more than 120 s"
    return None if done.returncode == 0 else "npm: " + " ".join((done.stderr or done.stdout).split())[:200]


class Spec:
    def __init__(self, path):
        with gzip.open(path) as file:
            schema = json.load(file)["schema"]
        self.resources = {one["cloudFormationType"]: one for one in schema["resource"]["entities"]}
        self._types = {one["$id"]: one for one in schema["typeDefinition"]["entities"]}

    def check(self, file, template):
        """Findings for one template as it is written: functions of CloudFormation are not computed."""
        for name, resource in template["Resources"].items():
            kind, properties = resource["Type"], resource.get("Properties", {})
            if kind in OWN_TYPES:
                for key in properties:
                    if key not in OWN_TYPES[kind]:
                        yield Finding(file, name, f"{kind} has no property '{key}'")
            elif kind not in self.resources:
                yield Finding(file, name, f"there is no type {kind}")
            else:
                for text in self._record(self.resources[kind]["properties"], properties, kind):
                    yield Finding(file, name, text)
        yield from self._attributes(file, template)

    def _attributes(self, file, template):
        for owner, part in (("Resources", template["Resources"]), ("Outputs", template.get("Outputs", {}))):
            for name, body in part.items():
                for target, attribute in _uses(body):
                    kind = template["Resources"].get(target, {}).get("Type")
                    if kind in self.resources and attribute not in self.resources[kind].get("attributes", {}):
                        yield Finding(file, name, f"{owner}: {kind} has no attribute '{attribute}'")

    def _record(self, known, given, where):
        for key in known:
            if known[key].get("required") and key not in given:
                yield f"{where} lacks '{key}'"
        for key, value in given.items():
            if key not in known:
                yield f"{where} has no property '{key}'"
            else:
                yield from self._value(known[key]["type"], value, f"{where}.{key}")

    def _value(self, kind, value, where):
        if _is_function(value) or kind["type"] in ("json", "tag", "map"):
            return
        if kind["type"] == "union":
            wrongs = [list(self._value(one, value, where)) for one in kind["types"]]
            if all(wrongs):
                yield wrongs[0][0]
        elif kind["type"] == "ref":
            if not isinstance(value, dict):
                yield f"{where} is no map"
            else:
                yield from self._record(self._types[kind["reference"]["$ref"]]["properties"], value, where)
        elif kind["type"] == "array":
            if not isinstance(value, list):
                yield f"{where} is no list"
            for one in value if isinstance(value, list) else []:
                yield from self._value(kind["element"], one, where)
        elif isinstance(value, (dict, list)):
            yield f"{where} is a {kind['type']}, not a map or list"
        elif kind["type"] == "boolean" and str(value).lower() not in ("true", "false"):
            yield f"{where} is true or false, not '{value}'"
        elif kind["type"] in ("integer", "number") and not str(value).lstrip("-").replace(".", "", 1).isdigit():
            yield f"{where} is a number, not '{value}'"
        elif kind.get("allowedValues") and value not in kind["allowedValues"]:
            yield f"{where} is one of {', '.join(map(str, kind['allowedValues']))}, not '{value}'"


def _is_function(value):
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("Ref", "Condition") or (
        isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("Fn::"))


def _uses(node):
    """(resource, attribute) of every Fn::GetAtt in a part of a template, and of those in the texts of Fn::Sub."""
    if isinstance(node, list):
        for one in node:
            yield from _uses(one)
    elif isinstance(node, dict):
        for key, one in node.items():
            if key == "Fn::GetAtt":
                yield one[0], one[1]
            elif key == "Fn::Sub":
                text = one if isinstance(one, str) else one[0]
                yield from (tuple(part.split("}")[0].split(".", 1)) for part in text.split("${")[1:] if "." in part.split("}")[0])
            yield from _uses(one)


# What the self-test does to a template, and what must be said of it.
MISTAKES = {
    "no such type": (lambda one: one["Vpc"].__setitem__("Type", "AWS::EC2::Vpc"), "there is no type AWS::EC2::Vpc"),
    "no such property": (lambda one: one["Vpc"]["Properties"].__setitem__("Cidr", "10.16.0.0/16"), "has no property 'Cidr'"),
    "no such property within": (
        lambda one: one["InboundEndpoint"]["Properties"]["IpAddresses"][0].__setitem__("Address", "10.16.1.10"), "has no property 'Address'"),
    "a property too few": (lambda one: one["InboundEndpoint"]["Properties"].pop("SecurityGroupIds"), "lacks 'SecurityGroupIds'"),
    "a word that is not allowed": (
        lambda one: one["StudioEndpoint"]["Properties"].__setitem__("VpcEndpointType", "interface"), "is one of Interface"),
    "a text for a list": (lambda one: one["StudioEndpoint"]["Properties"].__setitem__("SubnetIds", "subnet-1"), "is no list"),
    "a text for a truth": (lambda one: one["Vpc"]["Properties"].__setitem__("EnableDnsSupport", "on"), "is true or false"),
    "a text for a number": (
        lambda one: one["DomainGroupFiles"]["Properties"].__setitem__("FromPort", "nfs"), "is a number"),
    "no such attribute": (
        lambda one: one["StudioEndpoint"]["Properties"].__setitem__("VpcId", {"Fn::GetAtt": ["InboundEndpoint", "IpAddresses"]}),
        "has no attribute 'IpAddresses'"),
}
