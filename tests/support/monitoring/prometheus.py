"""tests/support/monitoring/prometheus.py - Debian's Prometheus and Alertmanager beside Penstock, with the alerts that we deliver.

with Receiver(world) as receiver, Monitoring(world, tmp_path) as monitoring:
    monitoring.query("up")                          # [({"instance": "host"}, 1.0)]
    monitoring.query_range("rate(...)", 60)         # of the last minute: [(labels, [values])]

Penstock is scraped once a second. The alerts' durations are shortened (quick_rules.py), unless `rules` says otherwise.
"""
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse

import receiver
from quick_rules import quick_rules
from waiting import eventually

PORT, ALERTMANAGER_PORT = 9090, 9093
INSTANCE = "forwarder-1"


def _settings(rules):
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ALERTMANAGER_PORT}"]}]}]},
        "scrape_configs": [{"job_name": "penstock", "static_configs": [{"targets": ["127.0.0.1:9153"]}],
                            "relabel_configs": [{"target_label": "instance", "replacement": INSTANCE}]}],
    }


# Each alert by itself and at once: a company groups them and waits.
_ROUTES = {
    "route": {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "4h"},
    "receivers": [{"name": "test", "webhook_configs": [{"url": f"http://127.0.0.1:{receiver.PORT}/", "send_resolved": True}]}],
}


class Monitoring:
    def __init__(self, world, folder, rules=None):
        self.world, self.folder, self.rules = world, pathlib.Path(folder), rules or quick_rules()
        self.started = None
        self.children = []

    def __enter__(self):
        rules, settings, routes = (self.folder / name for name in ("penstock.rules.yml", "prometheus.yml", "alertmanager.yml"))
        rules.write_text(self.rules, encoding="utf-8")
        settings.write_text(json.dumps(_settings(rules)), encoding="utf-8")
        routes.write_text(json.dumps(_ROUTES), encoding="utf-8")
        try:
            self._start("prometheus-alertmanager", f"--config.file={routes}", f"--storage.path={self.folder}/alertmanager", "--cluster.listen-address=",
                        f"--web.listen-address=127.0.0.1:{ALERTMANAGER_PORT}", "--log.level=warn")
            self._start("prometheus", f"--config.file={settings}", f"--storage.tsdb.path={self.folder}/data", "--log.level=warn",
                        f"--web.listen-address=127.0.0.1:{PORT}", "--rules.alert.resend-delay=1s")
            eventually(lambda: self._is_ready(ALERTMANAGER_PORT) and self._is_ready(PORT), "Prometheus and Alertmanager are ready", 30)
        except BaseException:
            self.__exit__()
            raise
        self.started = time.time()
        return self

    def _start(self, program, *arguments):
        with open(self.folder / f"{program}.log", "w", encoding="utf-8") as log:
            self.children.append(subprocess.Popen(self.world.inside("host", "setpriv", "--pdeathsig", "KILL", program, *arguments), stdout=log, stderr=log))

    def __exit__(self, *_):
        for child in self.children:
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _get(self, port, path, **parameters):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.sock = self.world.socket("host", socket.AF_INET, socket.SOCK_STREAM)
        connection.sock.settimeout(10)
        try:
            connection.sock.connect(("127.0.0.1", port))
            connection.request("GET", f"{path}?{urllib.parse.urlencode(parameters)}", headers={"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _is_ready(self, port):
        try:
            return self._get(port, "/-/ready")[0] == 200
        except OSError:
            return False

    def _data(self, path, **parameters):
        status, body = self._get(PORT, f"/api/v1/{path}", **parameters)
        assert status == 200, f"{parameters}: {body.decode()}"
        return json.loads(body)["data"]

    def query(self, expression):
        return [(one["metric"], float(one["value"][1])) for one in self._data("query", query=expression)["result"]]

    def query_range(self, expression, seconds, step=2):
        end = time.time()
        found = self._data("query_range", query=expression, start=end - seconds, end=end, step=step)["result"]
        return [(one["metric"], [float(value) for _, value in one["values"]]) for one in found]

    def states(self):
        """{alert: state of its rule}: inactive, pending or firing."""
        rules = [rule for group in self._data("rules", type="alert")["groups"] for rule in group["rules"]]
        errors = [(rule["name"], rule["lastError"]) for rule in rules if rule.get("lastError")]
        assert not errors, errors
        return {rule["name"]: rule["state"] for rule in rules}

    def logs(self):
        return "".join(f"--- {path.name}\n{path.read_text(encoding='utf-8')[-2000:]}\n" for path in self.folder.glob("*.log"))
