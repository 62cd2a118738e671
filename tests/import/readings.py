"""tests/import/readings.py - what our YAML says of names, and whether an old server did the same."""
import collections
import dataclasses
import json
import pathlib
import re
import subprocess

from network import A, AAAA, ROOTS
from servers import at_home

REMARK = re.compile(r"^(?P<where>[^:]*(?::\d+)?): (?P<weight>note|decide|error): (?P<text>.*)$")


@dataclasses.dataclass(frozen=True)
class Remark:
    where: str  # "file:line" of the source, or "file"
    text: str


@dataclasses.dataclass
class Ours:
    """Where a name goes by our YAML."""
    servers: frozenset  # empty: it is answered here
    answer: str         # in the words of network.Answer; empty: it is forwarded
    zone: str           # that decides; empty: the default, or nothing
    where: str          # of the source, as the YAML's comment says; empty: it says nothing

    def __str__(self):
        return ("forwarded to " + ", ".join(sorted(self.servers)) if self.servers else self.answer) + (f" by {self.zone}" if self.zone else " by default")


@dataclasses.dataclass
class Theirs:
    """What the old server did."""
    asked: frozenset
    answer: str  # "silent" where none came

    def __str__(self):
        asked = ", ".join(sorted(self.asked - ROOTS) + (["the root servers"] if self.asked & ROOTS else []))
        return (f"asked {asked}, " if asked else "asked nobody, ") + self.answer


@dataclasses.dataclass
class Imported:
    status: int
    yaml: str
    remarks: list  # to decide, and notes
    words: str


def import_files(penstockctl, kind, files, folder):
    """Imports as a user does, in a place where the files are at home."""
    command = [penstockctl, "import", kind, *files, "-o", folder / "penstock.yaml"]
    done = subprocess.run(["unshare", "-m", *at_home(folder, command)], cwd=folder, capture_output=True, text=True, timeout=60)
    found = [REMARK.match(line) for line in done.stderr.splitlines()]
    remarks = [Remark(one["where"], one["text"]) for one in found if one and one["weight"] != "error"]
    yaml = folder / "penstock.yaml"
    return Imported(done.returncode, yaml.read_text() if yaml.exists() else "", remarks, done.stderr)


def explain(penstockctl, folder, questions):
    """Ours of each question."""
    lines = "".join(f"{one.name} {one.client}\n" for one in questions)
    command = [penstockctl, "--json", "explain", "--config", folder / "penstock.yaml", "--names", "-"]
    done = subprocess.run(["unshare", "-m", *at_home(folder, command)], input=lines, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"the YAML of {folder} cannot be explained: {done.stderr}"
    sources = [line.rpartition("   # ")[2] if "   # " in line else "" for line in (folder / "penstock.yaml").read_text().splitlines()]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return [_ours(answer, question.kind, sources) for answer, question in zip(answers, questions)]


def _ours(of, kind, sources):
    rule = of.get("rule", {})
    zone = of["match"].get("zone", "")
    line = rule.get("line", 0)
    where = sources[line - 1] if zone and 0 < line <= len(sources) else ""
    if not rule or not of["client"]["may_ask"] or rule["left_out"]:
        return Ours(frozenset(), "refused", zone, where)
    if "pool" in of:
        return Ours(frozenset(one["address"] for one in of["endpoints"]), "", zone, where)
    return Ours(frozenset(), _answer(rule["action"], of.get("answer"), kind), zone, where)


def _answer(action, local, kind):
    if action == "addresses":
        fitting = [address for address in local["records"] if kind in (A, AAAA) and (":" in address) == (kind == AAAA)]
        return "answer " + ", ".join(sorted(fitting)) if fitting else "nodata"
    if action != "records":
        return action
    if "NXDOMAIN" in local["how"]:
        return "nxdomain"
    fields = [record.split() for record in local["records"]]
    fitting = [one[4] for one in fields if {A: "A", AAAA: "AAAA"}.get(kind) == one[3]]
    if fitting:
        return "answer " + ", ".join(sorted(fitting))
    is_there = any(one[3] == "CNAME" or {12: "PTR", 16: "TXT", 6: "SOA", 2: "NS"}.get(kind) == one[3] for one in fields)
    return "records" if is_there else "nodata"


@dataclasses.dataclass
class Difference:
    question: object
    theirs: Theirs
    ours: Ours
    explained: str  # the remark that tells of it; empty: none does

    def __str__(self):
        one = self.question
        return f"{one.name} type {one.kind} for {one.client}: the old server {self.theirs}; ours is {self.ours}" + (
            f" (told: {self.explained})" if self.explained else "")


NOTHING = ("nxdomain", "nodata")


def is_same(theirs, ours, has_names_below):
    """Whether a name above others exists is for each server to say: both answers are none."""
    if ours.servers:
        return bool(theirs.asked) and theirs.asked <= ours.servers
    is_alias = ours.answer == "records" and theirs.answer.startswith("answer ")  # the old server adds what the CNAME leads to
    return not theirs.asked and (theirs.answer == ours.answer or is_alias or has_names_below and {theirs.answer, ours.answer} <= set(NOTHING))


def compare(kind, imported, questions, theirs, ours):
    """The differences, and how many names are the same. Where a name fails at every server, all of them must be ours."""
    differences = []
    written = re.findall(r"{(?:zone|name): \"?(?:\*\.)?([^\",]*)", imported.yaml)
    parents = {zone[at + 1:] for zone in written for at in range(len(zone)) if zone[at] == "."} | set(written)
    for question, their, our in zip(questions, theirs, ours):
        name = question.name.lower().rstrip(".")
        same = is_same(their, our, name in parents or name == our.zone)
        if same and our.servers and question.name.startswith("failing") and kind in ("bind", "unbound"):
            same = their.asked == our.servers
        if not same:
            differences.append(Difference(question, their, our, _told_by(imported.remarks, question, their, our)))
    return differences + _unused(kind, imported, questions, theirs, ours)


def _unused(kind, imported, questions, theirs, ours):
    """Endpoints of ours that the old server never asked, of lists of names that are many."""
    if kind not in ("dnsdist", "dnsmasq") or "policy: ordered" in imported.yaml:
        return []
    asked, wanted, names = collections.defaultdict(set), {}, collections.Counter()
    for question, their, our in zip(questions, theirs, ours):
        if our.servers:
            asked[our.servers] |= their.asked
            wanted[our.servers] = (question, their, our)
            names[our.servers] += 1
    return [Difference(question, Theirs(frozenset(asked[servers]), "of all names"), our, "")
            for servers, (question, their, our) in wanted.items()
            if names[servers] >= 4 * len(servers) and not servers <= asked[servers]]


# What a remark says, as a part of its text, and whether that is what happened.
def _fell_back(theirs, ours):
    return bool(ours.servers & theirs.asked) and bool(theirs.asked - ours.servers)


def _is_refused(theirs, ours):
    return ours.answer == "refused"


def _is_other_server(theirs, ours):
    return any("#" in server for server in theirs.asked) and bool(ours.servers)


def _is_answered_there(theirs, ours):
    return ours.answer == "refused" and not theirs.asked


def _is_other_type(theirs, ours):
    return ours.answer == "nodata"


# About a line or a name.
EXPLANATIONS = (
    ("when its servers fail, BIND asks public DNS", _fell_back),
    ("-first Unbound asks public DNS when the servers fail", _fell_back),
    (" is refused", _is_refused),
    (" are refused", _is_refused),
    (" is left out: Penstock asks on port 53 only", _is_other_server),
    ("only if the file of zone", lambda theirs, ours: not theirs.asked and ours.servers),
    ("no answer at all", lambda theirs, ours: theirs.answer == "silent" and ours.answer == "refused"),
)
# About all names, or about those of no zone.
GENERAL_EXPLANATIONS = (
    ("BIND looks names up itself when its forwarders fail", lambda theirs, ours: not ours.zone and _fell_back(theirs, ours)),
    (".: with forward-first Unbound asks public DNS", lambda theirs, ours: not ours.zone and _fell_back(theirs, ours)),
    ("of all other names is left out: Penstock asks on port 53 only",
     lambda theirs, ours: not ours.zone and _is_other_server(theirs, ours)),
    ("names without a dot (//) have no rule here", lambda theirs, ours: not ours.zone and bool(theirs.asked)),
    ("all names of some clients", lambda theirs, ours: not ours.zone),
    ("clients that may not ask get no answer", lambda theirs, ours: theirs.answer == "silent" and ours.answer == "refused"),
    ("all other names are refused", lambda theirs, ours: not ours.zone and _is_refused(theirs, ours)),
    ("is about recursion only", _is_answered_there),
    ("lets clients ask for local data", _is_answered_there),
    ("domain-needed", lambda theirs, ours: theirs.answer == "nxdomain" and not theirs.asked),
    ("bogus-priv is for PTR queries", lambda theirs, ours: ours.answer in NOTHING and ours.zone.endswith(".arpa")),
    ("address= is for types A and AAAA", _is_other_type),
    ("SpoofAction is for types A and AAAA", _is_other_type),
    ("in this view only, and Penstock has one default", lambda theirs, ours: not ours.zone),
)


def _told_by(remarks, question, theirs, ours):
    """The remark that names the line or the zone that decides, and says what happened."""
    name = question.name.lower().rstrip(".") + "."
    zones = [name[at:] for at in range(len(name)) if at == 0 or name[at - 1] == "."]
    for remark in remarks:
        words = {word.strip("\"'(),:;").lower().rstrip(".") + "." for word in remark.text.split()}
        is_about = remark.where == ours.where or any(zone in words for zone in zones if zone)
        explanations = (*GENERAL_EXPLANATIONS, *(EXPLANATIONS if is_about else ()))
        if any(part in remark.text and happened(theirs, ours) for part, happened in explanations):
            return f"{remark.where}: {remark.text}"
    return ""
