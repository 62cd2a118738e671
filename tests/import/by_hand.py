"""tests/import/by_hand.py - the files of files/: for each kind whose server Debian has, the server is asked; for others the names are
written in FILE.expect."""
import dataclasses
import pathlib
import random
import re
import shutil

import case
import readings
from generate import names
from network import A, PTR, Question

FILES = pathlib.Path(__file__).parent / "files"
NAME = re.compile(r"(?<![\w.@-])(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*|(?<=[/\" ])(?:lan|consul|test)(?=[/\".]|$)", re.I)


def copied(kind, folder):
    """The files of a kind in a folder of a case, as a server may read them."""
    shutil.copytree(FILES / kind, folder)
    folder.chmod(0o755)


def oracle_files():
    return [file for kind in ("bind", "unbound", "dnsmasq", "dnsdist") for file in sorted((FILES / kind).glob("*.conf"))]


def words_after(mark, text):
    return [word for line in re.findall(rf"^\W*{mark}: (.*)$", text, re.M) for word in line.split()]


def load(file, folder):
    """A case of a file by hand: all names that are written in its folder's text of it, with their neighbours."""
    kind = file.parent.name
    copied(kind, folder)
    text = file.read_text()
    included = "".join(other.read_text() for other in sorted(file.parent.rglob("*")) if other.is_file() and other.name in text
                       and other != file)
    written = sorted({name.lower() for name in NAME.findall(text + included)
                      if not name.lower().endswith((".conf", ".hosts", ".d", ".options", ".local")) and not name.lower().startswith("db.")})
    chance = random.Random(file.name)
    questions = names.questions(chance, written, ("10.250.0.1", *words_after("clients", text)))
    asked = {one.name.lower() for one in questions}
    questions += [Question(name, PTR if name.endswith("arpa") else A) for name in words_after("ask", text) if name not in asked]
    return case.Case(kind, folder / file.name, questions)


@dataclasses.dataclass
class Expected:
    files: list
    status: int
    decide: list
    names: list  # (Question, destination)


def expected_files():
    return sorted(FILES.rglob("*.expect"))


def read_expected(file):
    of = Expected([], 0, [], [])
    for line in file.read_text().splitlines():
        if line.startswith("files: "):
            of.files = line.split()[1:]
        elif line.startswith("status: "):
            of.status = int(line.split()[1])
        elif line.startswith("decide: "):
            of.decide.append(line[len("decide: "):])
        elif line.strip():
            name, _, destination = line.partition(" -> ")
            name, _, client = name.partition(" from ")
            of.names.append((Question(name, PTR if name.endswith("arpa") else A, client or "10.250.0.1"), destination))
    return of


def check_expected(file, folder, penstockctl):
    """What is not as FILE.expect says, a line each."""
    kind = file.parent.name
    copied(kind, folder)
    of = read_expected(file)
    imported = readings.import_files(penstockctl, kind, [folder / name for name in of.files], folder)
    faults = [] if imported.status == of.status else [f"the status is {imported.status}, not {of.status}: {imported.words}"]
    faults += [f"no remark says '{part}': {imported.words}" for part in of.decide if not any(part in one.text for one in imported.remarks)]
    ours = readings.explain(penstockctl, folder, [question for question, _ in of.names])
    for (question, wanted), our in zip(of.names, ours):
        said = ", ".join(sorted(our.servers)) if our.servers else our.answer
        if said != wanted:
            faults.append(f"{question.name} for {question.client} goes to {said}, not {wanted}")
    return faults
