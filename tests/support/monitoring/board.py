"""tests/support/monitoring/board.py - deploy/grafana/penstock.json, as Grafana would ask for it, and as chromium draws it.

for panel, expression in queries("10s"): ...
draw(monitoring, "board.png").stdout            # "all panels have data"
"""
import json
import time

from prometheus import PORT
from world import ROOT

BOARD = ROOT / "deploy/grafana/penstock.json"
SCREENSHOT = ROOT / "deploy/grafana/preview/screenshot"
_ROW = 38  # pixels, with the gap


def queries(rate_interval):
    """(title of the panel, expression), with Grafana's variables replaced: all instances, and this interval of rates."""
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", rate_interval).replace("$instance", ".*")


def height():
    """In rows of the grid."""
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    return max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])


def draw(monitoring, file, rows=None):
    """What Prometheus has seen since its start. rows: (first, behind the last) of the grid; all. Of what comes back, stdout names panels without data."""
    first, end = rows or (0, height())
    last = int(time.time() - monitoring.started)
    settings = f"last={last}&step=1&rate=10&rows={first}-{end}"
    return monitoring.world.run("host", SCREENSHOT, f"http://127.0.0.1:{PORT}", file, settings, 1400, 45 + _ROW * (min(end, height()) - first),
                                check=False, timeout=150)
