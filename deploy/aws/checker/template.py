"""deploy/aws/checker/template.py - reads CloudFormation templates and computes what their functions give, across the stacks of a world.

A value that only AWS knows (the id of a resource, an attribute) is a Symbol, equal to itself and to nothing else.
"""
import collections

import yaml


class Finding(collections.namedtuple("Finding", "file resource text")):
    def __str__(self):
        return f"{self.file}: {self.resource}: {self.text}"


class Symbol(collections.namedtuple("Symbol", "stack resource attribute")):
    def __str__(self):
        return f"<{self.stack}.{self.resource}{'.' + self.attribute if self.attribute else ''}>"


# Attributes that are what Ref gives as well.
SAME_AS_REF = {"GroupId", "VpcId", "SubnetId", "RouteTableId", "InstanceId", "Id", "DomainId", "ResolverEndpointId"}
NO_VALUE = Symbol("", "AWS::NoValue", "")


class _Loader(yaml.SafeLoader):
    pass


def _short_tag(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: value}


def _mapping(loader, node):
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands here twice", node.start_mark)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _short_tag)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
# A date stays the text that it is: "Version: 2012-10-17".
_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, _Loader)  # a SafeLoader


class Stack:
    """One template with its parameters. `exports` are those of the stacks that were deployed before it."""

    def __init__(self, name, file, template, parameters, exports, region):
        self.name, self.file, self.template, self.findings = name, file, template, []
        self._exports, self._here, self._region, self._places = exports, name, region, set()
        declared = template.get("Parameters", {})
        for key in parameters:
            if key not in declared:
                self._find(key, "there is no such parameter")
        self.parameters = {
            key: parameters[key] if key in parameters else self._default(key, one) for key, one in declared.items()}
        self.conditions = {key: self.value(one, key) for key, one in template.get("Conditions", {}).items()}
        self.resources = {
            key: self.value(one, key) for key, one in template["Resources"].items() if self.conditions.get(one.get("Condition"), True)}
        for key, one in self.resources.items():
            for other in self._depends_on(one):
                if other not in template["Resources"]:
                    self._find(key, f"DependsOn names '{other}', which is no resource here")
        self.outputs = {}
        for key, one in template.get("Outputs", {}).items():
            if not self.conditions.get(one.get("Condition"), True):
                continue
            self.outputs[key] = self.value(one["Value"], key)
            if "Export" in one:
                export = self.value(one["Export"]["Name"], key)
                if export in exports:
                    self._find(key, f"the export '{export}' is taken")
                exports[export] = self.outputs[key]

    def _default(self, key, parameter):
        if "Default" not in parameter:
            self._find(key, "the parameter has no default and got no value")
        return str(parameter.get("Default", ""))

    @staticmethod
    def _depends_on(resource):
        found = resource.get("DependsOn", [])
        return [found] if isinstance(found, str) else found

    def _find(self, resource, text):
        finding = Finding(self.file, resource, text)
        if finding not in self.findings:
            self.findings.append(finding)

    def _ref(self, name, where):
        pseudo = {"AWS::Region": self._region, "AWS::StackName": self.name, "AWS::URLSuffix": "amazonaws.com", "AWS::Partition": "aws",
                  "AWS::AccountId": "111122223333", "AWS::NoValue": NO_VALUE}
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            one = self.parameters[name]
            return one.split(",") if self.template["Parameters"][name]["Type"].startswith(("CommaDelimitedList", "List<")) else one
        if name not in self.template["Resources"]:
            self._find(where, f"'{name}' is neither a parameter nor a resource here")
        return Symbol(self._here, name, "")

    def _attribute(self, name, attribute, where):
        if name not in self.template["Resources"]:
            self._find(where, f"'{name}' is no resource here")
        return Symbol(self._here, name, "" if attribute in SAME_AS_REF else attribute)

    def _substitute(self, text, names, where):
        parts, rest = [], text
        while "${" in rest:
            before, rest = rest.split("${", 1)
            name, rest = rest.split("}", 1)
            parts.append(before)
            if name.startswith("!"):
                parts.append("${" + name[1:] + "}")
            elif name in names:
                parts.append(str(self.value(names[name], where)))
            elif "." in name and "::" not in name:
                parts.append(str(self._attribute(*name.split(".", 1), where)))
            else:
                parts.append(str(self._ref(name, where)))
        return "".join(parts) + rest

    def _select(self, index, items, where):
        if isinstance(items, Symbol):
            return items._replace(attribute=f"{items.attribute}[{index}]")
        if int(index) >= len(items):
            self._find(where, f"Select takes number {index} of {len(items)}")
            return NO_VALUE
        return items[int(index)]

    def _import(self, name, where):
        if name not in self._exports:
            self._find(where, f"imports '{name}', which no stack before it exports")
            return Symbol("", str(name), "")
        return self._exports[name]

    def value(self, node, where):
        """What a node of the template comes to."""
        if isinstance(node, list):
            return [one for one in (self.value(item, where) for item in node) if one != NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (function, argument), = node.items()
            if function == "Ref":
                return self._ref(argument, where)
            if function == "Condition" and argument in self.template.get("Conditions", {}):
                return self.value(self.template["Conditions"][argument], where)
            if function.startswith("Fn::"):
                return self._call(function[4:], argument, where)
        return {key: one for key, one in ((key, self.value(item, where)) for key, item in node.items()) if one != NO_VALUE}

    def _call(self, function, argument, where):
        if function == "GetAtt":
            return self._attribute(argument[0], argument[1], where)
        if function == "Sub":
            text, names = argument if isinstance(argument, list) else (argument, {})
            return self._substitute(text, names, where)
        if function == "If":
            return self.value(argument[1 if self.value({"Condition": argument[0]}, where) else 2], where)
        given = self.value(argument, where)
        if function == "ImportValue":
            return self._import(given, where)
        if function == "Select":
            return self._select(given[0], given[1], where)
        if function == "Split":
            return given[1]._replace(attribute=given[1].attribute + ".split") if isinstance(given[1], Symbol) else given[1].split(given[0])
        if function == "Join":
            return given[0].join(str(one) for one in given[1])
        if function == "Equals":
            return given[0] == given[1]
        if function == "Not":
            return not given[0]
        if function in ("And", "Or"):
            return all(given) if function == "And" else any(given)
        if function == "Base64":
            return given
        self._find(where, f"this checker does not know Fn::{function}")
        return NO_VALUE
