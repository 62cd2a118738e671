"""tests/support/world/bind.py - BIND in the place of the second corporate resolver."""
import contextlib
import subprocess

from bad_day import RESOLVERS
from waiting import eventually
from world import HOST


@contextlib.contextmanager
def bind_that_forwards_back(office, tmp_path):
    """A BIND in the place of the second corporate resolver, as a domain controller is that sends all to Penstock."""
    (tmp_path / "named.conf").write_text(f"""
options {{
  directory "{tmp_path}"; pid-file "{tmp_path}/pid"; session-keyfile "{tmp_path}/session.key";
  listen-on {{ {RESOLVERS[1]}; }}; listen-on-v6 {{ none; }}; query-source address {RESOLVERS[1]};
  allow-query {{ any; }}; recursion yes; allow-recursion {{ any; }}; dnssec-validation no; empty-zones-enable no;
  forward only; forwarders {{ {HOST}; }};
}};
controls {{ }};
""", encoding="utf-8")
    office.stop("public-2")
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        named = subprocess.Popen(office.inside("public", "setpriv", "--pdeathsig", "KILL", "named", "-g", "-c", tmp_path / "named.conf"),
                                 stdout=log, stderr=log)
    try:
        eventually(lambda: "running" in (tmp_path / "log").read_text(encoding="utf-8"), "BIND runs")
        yield
    finally:
        named.kill()
        named.wait()
        office.start("public-2")
