#!/usr/bin/env python3
"""cmake/source_groups.py - says which sources can be compiled as one: two thirds of the time for a test goes to what it includes.

  source_groups.py MOST FILE...      prints for each file, in order, the number of its group; MOST files a group at most

Two files go together where neither mentions a name that the other has for itself: in an unnamed namespace, as a macro or as a test.
"""
import pathlib
import re
import sys


def own_names(text):
    """Names that nothing outside the file sees, roughly."""
    names = set(re.findall(r"^\s*#\s*define (\w+)", text, re.M))
    names |= {f"{suite}_{test}_Test" for suite, test in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", text, re.M)}
    names |= {f"gtest_{a}{b}" for a, b in re.findall(r"^INSTANTIATE_TEST_SUITE_P\((\w+),\s*(\w+)", text, re.M)}
    for block in re.findall(r"^namespace \{$(.*?)^\}  // namespace$", text, re.S | re.M):
        for line in block.splitlines():
            if not line[:1].isalpha() or line.startswith(("TEST", "INSTANTIATE", "static_assert")):
                continue
            names |= set(re.findall(r"\b(?:struct|class|enum class|enum) (\w+)", line))
            names |= set(re.findall(r"(?<![.:])\b([A-Za-z_]\w*)(?=\(|\[|\{| = |;)", line.split(" = ")[0] + " = ")[:2])
            names |= set(re.findall(r"^using (\w+) = ", line)) | set(re.findall(r"\b(k[A-Z]\w*) = ", line))
    return names


def mentioned(text):
    """Functions, constants and types that it uses by their bare names: the unnamed namespace of another file must have none of these."""
    return set(re.findall(r"(?<![\w.])(?<!->)(?<!::)([A-Za-z_]\w*(?=\()|k?[A-Z]\w*)", text))


def source_groups(files, most, keys=None):
    """Lists of files that can be one. keys: files with other keys are never in one group."""
    groups = []
    for at, file in enumerate(files):
        text = pathlib.Path(file).read_text(encoding="utf-8")
        own = own_names(text)
        words, key = mentioned(text) | own, keys[at] if keys else None
        for group in groups:
            if group["key"] == key and len(group["files"]) < most and not group["own"] & words and not group["words"] & own:
                break
        else:
            group = {"key": key, "files": [], "own": set(), "words": set()}
            groups.append(group)
        group["files"].append(file)
        group["own"] |= own
        group["words"] |= words
    return [group["files"] for group in groups]


if __name__ == "__main__":
    found = source_groups(sys.argv[2:], int(sys.argv[1]))
    of = {file: number for number, files in enumerate(found) for file in files}
    print(";".join(str(of[file]) for file in sys.argv[2:]))
