#!/usr/bin/python3
"""tests/import/oracle.py - generated configurations through the old servers and through our YAML.

    oracle.py [--seed N] [--count N] [KIND...]     a line a difference that nothing explains; status 1 when there is any
"""
import argparse
import importlib
import os
import pathlib
import random
import resource
import sys
import tempfile
import threading
import time

import case
import network
import servers

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = tuple(servers.PROGRAMS)


def penstockctl():
    return pathlib.Path(os.environ.get("PENSTOCK_BIN", ROOT / "build/release")) / "control/admin/penstockctl"


def generate(kind, seed, number, folder):
    """The configuration of that number; the same each time."""
    made = importlib.import_module(f"generate.{kind}")
    chance = random.Random(f"{kind} {seed} {number}")
    folder = folder / f"{kind}-{number}"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    file, questions = made.make(chance, folder)
    return case.Case(kind, file, questions)


def run_kind(kind, slot, one_network, seed, numbers, folder, results, failures):
    for number in numbers:
        try:
            results.append(case.run(generate(kind, seed, number, folder), one_network, slot, penstockctl()))
        except (AssertionError, OSError, ValueError, KeyError) as problem:
            failures.append(f"{kind} {seed} {number}: {type(problem).__name__}: {problem}")


def run(kinds, seed, counts, prefix=network.PREFIX):
    """Results of all kinds, each in its slot; and what failed, in words."""
    results, failures = [], []
    with tempfile.TemporaryDirectory(prefix="penstock-import-") as name, network.Network(len(kinds), prefix) as one_network:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        threads = [threading.Thread(target=run_kind, args=(kind, slot, one_network, seed, range(counts[kind]), folder, results, failures))
                   for slot, kind in enumerate(kinds)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reports = [str(result) for result in results if result.unexplained]
        if os.environ.get("BRIEF"):
            reports = [f"{result.case.file.parent.name}: {one}" for result in results for one in result.unexplained]
    return results, failures + reports


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("kinds", nargs="*", default=KINDS)
    options = parser.parse_args()
    assert not servers.missing(), f"not installed: {servers.missing()}"
    started = time.monotonic()
    results, failures = run(options.kinds, options.seed, dict.fromkeys(options.kinds, options.count), f"{network.PREFIX}-{os.getpid()}")
    for failure in failures:
        print(failure)
    for kind in options.kinds:
        of_kind = [result for result in results if result.case.kind == kind]
        print(f"{kind}: {len(of_kind)} configurations, {sum(len(one.case.questions) for one in of_kind)} names, "
              f"{sum(len(one.differences) for one in of_kind)} differ, {sum(len(one.unexplained) for one in of_kind)} of them unexplained")
    used = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{time.monotonic() - started:.1f} s, of processors {used:.1f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
