"""tests/support/monitoring/board.py - the queries of deploy/grafana/penstock.json, as Grafana would ask them.

for panel, expression in queries("10s"): ...
"""
import json

from world import ROOT

BOARD = ROOT / "deploy/grafana/penstock.json"


def queries(rate_interval):
    """(title of the panel, expression), with Grafana's variables replaced: all instances, and this interval of rates."""
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", rate_interval).replace("$instance", ".*")
