"""tests/import/case.py - a configuration of an old server and the names that are asked of it, and the run of one."""
import dataclasses
import pathlib
import time

import readings
from network import Question
from servers import Server


@dataclasses.dataclass
class Case:
    kind: str
    file: pathlib.Path  # in a folder of its own, with all that it includes
    questions: list

    def __str__(self):
        return f"{self.kind} {self.file}"


@dataclasses.dataclass
class Result:
    case: Case
    imported: readings.Imported
    differences: list

    @property
    def unexplained(self):
        return [one for one in self.differences if not one.explained]

    def __str__(self):
        text = "".join(f"  {one}\n" for one in self.unexplained[:20])
        return f"{self.case}: {len(self.unexplained)} of {len(self.case.questions)} names differ\n{text}{self.case.file.read_text()}\n{self.imported.yaml}"


def run(case, network, slot, penstockctl):
    """Imports the file, runs the old server on it, and asks both of all names."""
    folder = case.file.parent
    imported = readings.import_files(penstockctl, case.kind, [case.file], folder)
    assert imported.status in (0, 1), f"{case} is not imported: {imported.words}"
    ours = readings.explain(penstockctl, folder, case.questions)
    network.asked_in(slot).clear()
    with Server(network, slot, case.kind, case.file) as server:
        answers = network.ask(slot, case.questions)
        assert server.process.poll() is None, f"{case} died: {server.last_words()}"
        time.sleep(0.03)  # what is asked beside the answer
    asked = network.asked_in(slot)
    theirs = [readings.Theirs(frozenset(asked.get((one.name.lower().rstrip("."), one.kind), ())), str(answer) if answer else "silent")
              for one, answer in zip(case.questions, answers)]
    return Result(case, imported, readings.compare(case.kind, imported, case.questions, theirs, ours))
