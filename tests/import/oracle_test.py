"""The old server is the oracle: what it does with a name, and what our YAML says of it after the import."""
import os
import pathlib

import pytest

import by_hand
import case
import network
import oracle
import servers

# Configurations of each kind; with the names of each they are more than 10,000.
COUNTS = {"bind": 26, "unbound": 26, "dnsmasq": 34, "dnsdist": 24}
SEED = 20261130
ENOUGH = 10_000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")


def test_the_servers_are_installed():
    assert not servers.missing(), "run deploy/install-packages"


def test_generated_configurations_ask_the_same_servers():
    results, failures = oracle.run(oracle.KINDS, SEED, COUNTS)
    assert not failures, "\n".join(failures)
    assert len(results) == sum(COUNTS.values())
    assert sum(len(result.case.questions) for result in results) >= ENOUGH


@pytest.fixture(scope="module")
def one_network():
    with network.Network(1) as it:
        yield it


@pytest.mark.parametrize("file", by_hand.oracle_files(), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_file_by_hand_asks_the_same_servers(one_network, tmp_path, file):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    result = case.run(by_hand.load(file, tmp_path / "case"), one_network, 0, oracle.penstockctl())
    assert not result.unexplained, str(result)


@pytest.mark.parametrize("file", by_hand.expected_files(), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_file_by_hand_goes_where_it_says(tmp_path, file):
    assert not by_hand.check_expected(file, tmp_path / "case", oracle.penstockctl())


def test_there_are_forty_files_by_hand():
    assert len(by_hand.oracle_files()) + len(by_hand.expected_files()) >= 40


def test_a_wrong_server_would_be_seen():
    """A test that cannot fail is a defect: one address is changed in our YAML, and its names differ."""
    question = network.Question("www.corp.example")
    ours = oracle.case.readings.Ours(frozenset({"10.1.1.54"}), "", "corp.example", "named.conf:3")
    theirs = oracle.case.readings.Theirs(frozenset({"10.1.1.53"}), "answer 198.18.0.1")
    imported = oracle.case.readings.Imported(0, "", [], "")
    assert oracle.case.readings.compare("bind", imported, [question], [theirs], [ours])
