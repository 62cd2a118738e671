"""tests/e2e/service/cache_test.py - answers from memory as who runs it sees them: asked once, forgotten on demand, kept by reloads that do
not concern them, counted."""
import pytest

from client import addresses, ask, rcode
from penstock import Penstock, config
from waiting import eventually
from world import STUDIO, STUDIO_PRIVATE, STUDIO_PUBLIC, VPC, World

APP = "app.studio.us-east-1.sagemaker.aws"
WWW = "www.example.com"


def remembering(**changes):
    """The office with its cache. Nothing expires while a test runs, however slow the machine is."""
    model = config(dataplane={}, **changes)
    for pool in model["pools"].values():
        pool["cache"] = {"min_ttl": 600, "max_negative_ttl": 600, "prefetch": False}
    return model


@pytest.fixture(scope="module", name="world")
def _world():
    with World("e2e-cache") as world:
        yield world


@pytest.fixture(name="penstock")
def _penstock(world):
    with Penstock(world, remembering()) as penstock:
        yield penstock


class Asked:
    """How many questions reach the servers from here on."""
    def __init__(self, world, penstock):
        self.world, self.penstock = world, penstock
        self.vpc_before, self.public_before = penstock.asked_vpc(), world.asked("public")

    def vpc(self):
        return self.penstock.asked_vpc() - self.vpc_before

    def public(self):
        return self.world.asked("public") - self.public_before


def reload(penstock, model, *options):
    penstock.write(model)
    done = penstock.ctl_run("reload", *options)
    assert done.returncode == (3 if "changed: restart" in done.stdout else 0), done.stdout + done.stderr
    return done.stdout


def test_a_name_asked_twice_reaches_the_endpoints_once(world, penstock):
    asked = Asked(world, penstock)
    for _ in range(5):
        answer = ask(world, STUDIO)
        assert addresses(answer) == STUDIO_PRIVATE
        assert str(answer.question[0].name) == STUDIO + "."
        assert rcode(ask(world, "nothing.example.org")) == "NXDOMAIN"
    assert (asked.vpc(), asked.public()) == (1, 1)
    ask(world, STUDIO, "AAAA")
    ask(world, STUDIO.lower(), "AAAA")
    assert asked.vpc() == 2, "another type is another question, another spelling is none"


def test_flushing_forgets_what_is_named_and_nothing_else(world, penstock):
    def fill():
        for name in (STUDIO, APP, WWW):
            for kind in ("A", "AAAA"):
                ask(world, name, kind)

    fill()
    asked = Asked(world, penstock)
    fill()
    assert (asked.vpc(), asked.public()) == (0, 0)
    for arguments, said, vpc, public in (
        ((STUDIO.upper(),), f"2 answers removed: {STUDIO.lower()}\n", 2, 0),
        (("--zone", "studio.us-east-1.sagemaker.aws"), "4 answers removed: studio.us-east-1.sagemaker.aws and below\n", 4, 0),
        (("com",), "0 answers removed: com; for names below it use --zone com\n", 0, 0),
        (("--zone", "com"), "2 answers removed: com and below\n", 0, 2),
        (("--all",), "6 answers removed: all\n", 4, 2),
    ):
        asked = Asked(world, penstock)
        done = penstock.ctl_run("cache", "flush", *arguments)
        assert (done.returncode, done.stdout) == (0, said), done.stderr
        fill()
        assert (asked.vpc(), asked.public()) == (vpc, public), arguments
    assert penstock.metrics().sum("penstock_cache_flushed_entries_total") == 14
    assert "14 by flush" in penstock.ctl_run("cache").stdout


@pytest.mark.parametrize("arguments,status,reason", [
    ((), 2, "give NAME for one name, --zone NAME for it and all names below, or --all"),
    (("a.example", "--all"), 2, "exclude each other"),
    (("a..b",), 1, "'a..b' is not a domain name: it has an empty label"),
    (("--zone", "a..b"), 1, "'a..b' is not a domain name"),
])
def test_a_flush_of_nothing_says_what_to_write(world, penstock, arguments, status, reason):
    ask(world, WWW)
    done = penstock.ctl_run("cache", "flush", *arguments)
    assert done.returncode == status and reason in done.stderr
    eventually(lambda: penstock.metrics().sum("penstock_cache_entries") == 1, "it is still there")


def test_without_a_dataplane_there_is_nothing_to_flush(penstock):
    penstock.dataplane.end()
    eventually(lambda: penstock.metrics().sum("penstock_dataplane_up") == 0, "the loss is seen")
    done = penstock.ctl_run("cache", "flush", "--all")
    assert done.returncode == 1 and "is penstock-dataplane running?" in done.stderr
    assert "no dataplane is connected" in penstock.ctl_run("cache").stdout


def test_a_hundred_reloads_keep_what_they_do_not_touch(world, penstock):
    for name in (STUDIO, WWW):
        ask(world, name)
    asked, before = Asked(world, penstock), penstock.metrics()
    for number in range(100):
        # Rules come and go before and behind those of the two names, and other pools' settings change.
        zones = [{"zone": f"n{one}.example", "answer": "nxdomain"} for one in range(number % 7)]
        model = remembering(zones=zones + [{"zone": "other.example", "pool": "other"}])
        model["pools"] = {"other": {"kind": "recursive", "endpoints": [f"192.168.10.{100 + number % 3}"]}, **model["pools"]}
        reload(penstock, model)
        assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE
        assert addresses(ask(world, WWW)) == {"93.184.215.14"}
    after = penstock.metrics()
    assert (asked.vpc(), asked.public()) == (0, 0)
    assert after.sum("penstock_queries_total", outcome="answered_cached") - before.sum("penstock_queries_total", outcome="answered_cached") == 200
    assert after.sum("penstock_ruleset_generation", process="dataplane") >= 101


def test_a_zone_that_moves_takes_nothing_of_its_old_pool_along(world):
    """Both ways: public addresses for a private name are what this project exists to prevent."""
    with Penstock(world, remembering(studio=None)) as penstock:
        for _ in range(2):
            assert addresses(ask(world, STUDIO)) == STUDIO_PUBLIC
        reload(penstock, remembering())
        asked = Asked(world, penstock)
        for _ in range(2):
            assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE
        assert (asked.vpc(), asked.public()) == (1, 0)
        reload(penstock, remembering(studio=None), "--accept-removals")
        for _ in range(2):
            assert addresses(ask(world, STUDIO)) == STUDIO_PUBLIC


def test_an_endpoint_that_is_replaced_takes_its_answers_along(world, penstock):
    ask(world, STUDIO)
    model = remembering()
    model["pools"][VPC]["endpoints"] = model["pools"][VPC]["endpoints"][:1]
    reload(penstock, model)
    asked = Asked(world, penstock)
    assert addresses(ask(world, STUDIO)) == STUDIO_PRIVATE
    assert asked.vpc() == 1


@pytest.mark.parametrize("off", [
    {"zones": [{"zone": "example.com", "pool": "corporate", "cache": False}]},
    {"default": {"pool": "corporate", "cache": False}},
], ids=["a zone", "the default"])
def test_a_zone_without_cache_is_asked_each_time(world, off):
    with Penstock(world, remembering(**off)) as penstock:
        asked, retries = Asked(world, penstock), penstock.retries()
        for _ in range(5):
            ask(world, WWW)
            ask(world, STUDIO)
        assert asked.vpc() == 1
        assert asked.public() - (penstock.retries() - retries) == 5
        assert "the rule says cache: off" in penstock.ctl_run("explain", WWW).stdout
        assert "cached   up to 3600 s" in penstock.ctl_run("explain", STUDIO).stdout


def test_everybody_counts_the_same(world, penstock):
    names = [f"n{number}.example.com" for number in range(8)] + [STUDIO, APP]
    asked = Asked(world, penstock)
    for _ in range(6):
        for name in names:
            ask(world, name)
    assert asked.vpc() + asked.public() == len(names)

    metrics, said = penstock.metrics(), penstock.ctl("cache")
    fresh = metrics.sum("penstock_queries_total", outcome="answered_cached")
    assert fresh == 5 * len(names) == said["answered"]["fresh"]
    assert metrics.sum("penstock_queries_total", outcome="forwarded") == len(names)
    assert metrics.sum("penstock_remembered_answers_total", outcome="stored") == len(names) == said["remember"]["stored"]
    assert metrics.sum("penstock_cache_size_bytes") == 64 << 20 == said["cache"]["size"]
    assert said["cache"]["hits"] == {"queries": 6 * len(names), "from_memory": 5 * len(names), "ratio": 5 / 6}

    # The page is brought up to date by the dataplane's main thread, a few times a second.
    eventually(lambda: penstock.metrics().sum("penstock_cache_entries") == len(names), "entries are counted")
    assert penstock.ctl("cache")["cache"]["entries"] == len(names)
    assert 0 < penstock.metrics().sum("penstock_cache_used_bytes") < 10_000
    assert f"{len(names)} answers in" in penstock.ctl_run("status").stdout
    eventually(lambda: penstock.metrics().sum("penstock_accounting_residual") == 0, "every frame accounted for")


def test_another_size_waits_for_a_restart(world, penstock):
    ask(world, WWW)
    said = reload(penstock, {**remembering(), "dataplane": {"cache_size": "8MiB"}})
    assert "dataplane.cache_size changed: restart penstock-dataplane" in said
    assert "64 MiB" in penstock.ctl_run("cache").stdout, "of the one that runs"
    penstock.dataplane.end()
    penstock.start_dataplane()
    penstock.wait_ready()
    assert penstock.metrics().sum("penstock_cache_size_bytes") == 8 << 20
    assert "cache_size changed" not in penstock.ctl_run("status").stdout
