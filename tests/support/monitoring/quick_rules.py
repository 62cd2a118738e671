"""tests/support/monitoring/quick_rules.py - the delivered alerts, with every duration divided by QUICKER: an hour is a minute.

quick_rules()    the file as JSON, which is YAML
"""
import json
import re

import yaml

from world import ROOT

RULES = ROOT / "deploy/prometheus/penstock.rules.yml"
QUICKER = 60
SHORTEST_RANGE = 4.0  # seconds: two scrapes at least, also where one is late
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(text):
    """Of a duration of Prometheus: 1h30m is 5400."""
    parts = re.findall(r"(\d+)(ms|[smhdw])", text)
    assert "".join(number + unit for number, unit in parts) == text, f"'{text}' is no duration"
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def quicker(text, least=0.0):
    return f"{max(1, round(1000 * max(least, seconds(text) / QUICKER)))}ms"


def quick_expression(expression):
    expression = re.sub(r"\[(\w+)\]", lambda found: f"[{quicker(found.group(1), SHORTEST_RANGE)}]", expression)
    return re.sub(r"\boffset (\w+)", lambda found: f"offset {quicker(found.group(1))}", expression)


def rules():
    """The delivered rules, in their order."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def quick_rules():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        rule["expr"] = quick_expression(rule["expr"])
        if "for" in rule:
            rule["for"] = quicker(rule["for"])
    return json.dumps({"groups": groups}, indent=1)
