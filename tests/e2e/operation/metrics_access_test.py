"""tests/e2e/operation/metrics_access_test.py - metrics that leave the host: TLS, users, and Debian's Prometheus that scrapes them from there."""
import crypt  # pylint: disable=deprecated-module
import json
import os
import subprocess
import time
import urllib.parse

import pytest

from penstock import Metrics, Penstock, Process, Users, config
from waiting import eventually
from world import HOST, World

HASH = crypt.crypt("correct horse", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
URL = f"https://{HOST}:9153"


@pytest.fixture(scope="module", name="office")
def _office(tmp_path_factory):
    users = Users(tmp_path_factory.mktemp("users"))
    with World("e2e-macc") as world, Penstock(world, config(metrics={"listen": "0.0.0.0:9153"}), users=users) as penstock:
        for name in ("one", "two"):
            make_certificate(penstock, name)
        yield world, penstock


def make_certificate(penstock, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=IP:{HOST},IP:127.0.0.1", "-keyout", penstock.run / f"{name}.key", "-out", penstock.run / f"{name}.pem"],
                   check=True, capture_output=True, timeout=20)
    for end in ("key", "pem"):
        os.chown(penstock.run / f"{name}.{end}", 0, penstock.users.ids["penstock-control"][1])
        os.chmod(penstock.run / f"{name}.{end}", 0o640)


def settings(penstock, name):
    return config(metrics={"listen": "0.0.0.0:9153", "tls": {"certificate": f"{penstock.run}/{name}.pem", "key": f"{penstock.run}/{name}.key"},
                           "users": [{"name": "prometheus", "password_hash": HASH}]})


def use(penstock, model):
    penstock.write(model)
    assert penstock.ctl("reload", check=False)["ok"]  # 3: something waits for a restart


def curl(world, penstock, path, *options, name="one"):
    """Status and text, asked from an office client."""
    done = world.run("client", "curl", "-s", "--max-time", "5", "--cacert", penstock.run / f"{name}.pem", "-w", "\n%{http_code}", *options, URL + path,
                     check=False)
    text, _, status = done.stdout.rpartition("\n")
    return int(status), text


RIGHT = ("-u", "prometheus:correct horse")


def test_check_warns_of_metrics_for_everybody(office):
    _, penstock = office
    said = penstock.ctl_run("check", penstock.file)
    assert "metrics.listen: warning" in said.stdout + said.stderr or "add 'tls' and 'users'" in said.stdout + said.stderr


def test_a_reload_brings_certificate_and_users(office):
    world, penstock = office
    assert world.run("client", "curl", "-sf", f"http://{HOST}:9153/metrics").stdout, "whoever reaches it, before"
    use(penstock, settings(penstock, "one"))
    status, text = curl(world, penstock, "/metrics", *RIGHT)
    assert status == 200 and Metrics(text).sum("penstock_dataplane_up") == 1
    assert curl(world, penstock, "/metrics")[0] == 401
    assert curl(world, penstock, "/metrics", "-u", "prometheus:battery staple")[0] == 401
    assert curl(world, penstock, "/metrics", "-u", "root:correct horse")[0] == 401
    assert curl(world, penstock, "/metrics", *RIGHT, name="two")[0] == 0, "another authority's certificate"
    plain = world.run("client", "curl", "-s", f"http://{HOST}:9153/metrics", "-u", "prometheus:correct horse").stdout
    assert plain == "This port speaks HTTPS: ask for https://\n"
    assert "wrong user or password from 192.168.10." in penstock.logs()


def test_a_load_balancer_needs_no_password_and_learns_no_name(office):
    world, penstock = office
    assert curl(world, penstock, "/healthz") == (200, "alive\n")
    assert curl(world, penstock, "/readyz") == (200, "ready\n")
    status, text = curl(world, penstock, "/readyz", *RIGHT)
    assert status == 200 and "corporate" in text


def test_prometheus_scrapes_it(office, tmp_path):
    world, penstock = office
    (tmp_path / "password").write_text("correct horse", encoding="utf-8")
    (tmp_path / "wrong").write_text("guess", encoding="utf-8")
    jobs = [{"job_name": job, "scheme": "https", "static_configs": [{"targets": [f"{HOST}:9153"]}],
             "tls_config": {"ca_file": f"{penstock.run}/{ca}.pem"}, "basic_auth": {"username": "prometheus", "password_file": str(tmp_path / file)}}
            for job, ca, file in (("penstock", "one", "password"), ("guesses", "one", "wrong"), ("elsewhere", "two", "password"))]
    (tmp_path / "prometheus.yml").write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}), encoding="utf-8")
    prometheus = Process(world, tmp_path / "log", "ip", "netns", "exec", world.namespace("client"), "prometheus", f"--config.file={tmp_path}/prometheus.yml",
                         f"--storage.tsdb.path={tmp_path}/data", "--web.listen-address=127.0.0.1:9090")

    def api(path):
        done = world.run("client", "curl", "-sf", "--max-time", "3", f"http://127.0.0.1:9090/api/v1/{path}", check=False)
        return json.loads(done.stdout)["data"] if done.returncode == 0 else None

    def value(query):
        data = api("query?query=" + urllib.parse.quote(query))
        return float(data["result"][0]["value"][1]) if data and data["result"] else None

    try:
        eventually(lambda: value('penstock_dataplane_up{job="penstock"}') == 1, "scraped", timeout=30)
        eventually(lambda: value('up{job="guesses"}') == 0 and value('up{job="elsewhere"}') == 0, "the two others are refused", timeout=30)
        assert value('up{job="penstock"}') == 1, "guesses keep nobody out"
        errors = {target["labels"]["job"]: target["lastError"] for target in api("targets")["activeTargets"]}
        assert "401" in errors["guesses"] and "x509" in errors["elsewhere"] and errors["penstock"] == ""
    finally:
        prometheus.end()


def test_a_renewed_certificate_comes_with_a_reload_that_changes_nothing_else(office):
    world, penstock = office
    make_certificate(penstock, "one")
    assert curl(world, penstock, "/metrics", *RIGHT)[0] == 0, "still the former one"
    assert penstock.ctl("reload", check=False)["ok"]  # 3: something waits for a restart
    assert curl(world, penstock, "/metrics", *RIGHT)[0] == 200


def test_a_key_that_cannot_be_read_leaves_the_former_in_use_and_is_said(office):
    world, penstock = office
    os.chmod(penstock.run / "two.key", 0o600)
    use(penstock, settings(penstock, "two"))
    status = penstock.ctl_run("status").stdout
    assert "two.key: Permission denied" in status and "chgrp penstock" in status and "penstock-control runs as user " in status
    assert curl(world, penstock, "/metrics", *RIGHT)[0] == 200
    os.chmod(penstock.run / "two.key", 0o640)
    eventually(lambda: curl(world, penstock, "/metrics", *RIGHT, name="two")[0] == 200, "taken as soon as it can be read", timeout=15)
    assert "Permission denied" not in penstock.ctl_run("status").stdout


def test_a_start_without_its_certificate_serves_nothing_rather_than_plain_text(office):
    world, penstock = office
    os.rename(penstock.run / "two.pem", penstock.run / "aside.pem")
    penstock.control.end()
    penstock.start_control()
    eventually(lambda: "NOT SERVED: metrics.tls.certificate: cannot read" in penstock.ctl_run("status").stdout, "status says so", timeout=20)
    assert world.run("client", "curl", "-s", "--max-time", "3", f"http://{HOST}:9153/healthz", check=False).returncode == 7, "nobody listens"
    os.rename(penstock.run / "aside.pem", penstock.run / "two.pem")
    eventually(lambda: curl(world, penstock, "/metrics", *RIGHT, name="two")[0] == 200, "served as soon as it can be read", timeout=20)


def test_metrics_that_a_reload_moves_elsewhere_do_not_open_the_port(office):
    world, penstock = office
    use(penstock, config(metrics={"listen": "127.0.0.1:9153"}))
    time.sleep(0.5)
    assert curl(world, penstock, "/metrics", name="two")[0] == 401, "until the restart"
    assert any("metrics.listen" in need for need in penstock.ctl("status")["rules"]["restart_needed"])
