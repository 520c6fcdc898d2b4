"""What a document tells of a JSON's keys, and what the JSON has, to hold the one to the other.

A document has a section for each kind of object, named by its places such as `jobs[].epochs[]`, in
which a table gives each key with its type and meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TOP = "The document"
TYPES = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    dict: "object",
    type(None): "null",
}


Places = tuple[str, ...]


def told_keys(document: Path) -> dict[Places, dict[str, list[str]]]:
    """The type and the meaning of each key, by the key, by the places of its object."""
    text = document.read_text(encoding="utf-8")
    found = {}
    for title, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
        if title != TOP and not title.startswith("`"):
            continue
        lines = [line for line in body.splitlines() if line.startswith("| `")]
        cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
        keys = {key.strip("`| "): rest for key, *rest in cells}
        places = re.findall(r"`([^`]+)`", title)
        found[tuple(f".{place}" for place in places) or ("",)] = keys
    return found


def objects(
    value: Any, elsewhere: Sequence[str], place: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a JSON document with its place; not those that are told of elsewhere."""
    if place in elsewhere:
        return
    if isinstance(value, dict):
        yield place, value
        for key, item in value.items():
            yield from objects(item, elsewhere, f"{place}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from objects(item, elsewhere, f"{place}[]")


def type_of(value: Any) -> str:
    """The type of a JSON value in the documents' words."""
    if not isinstance(value, list):
        return TYPES[type(value)]
    kinds = {TYPES[type(item)] for item in value}
    if not kinds:
        return "list"
    kind = "number" if kinds == {"number", "whole number"} else kinds.pop()
    return f"list of {kind}" + ("" if kind == "true or false" else "s")


def wrongly_told(told: Mapping[str, list[str]], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys whose type, or when it is null, is not what was found, with what is told.

    Args:
        told: Type and meaning by key.
        found: Objects in which each key is null once, if it can be, and once is not.
    """
    wrong = []
    for key, (kind, meaning) in told.items():
        kinds = {type_of(one[key]) for one in found}
        expected = kind.removesuffix(", null")
        allowed = {expected, "null"} if kind.endswith(", null") else {expected}
        needed = set(allowed)
        allowed |= {"list"} if expected.startswith("list") else set()
        allowed |= {"whole number"} if expected == "number" else set()
        if not (needed <= kinds <= allowed and meaning):
            wrong.append(f"{key}: told as {kind}, found {sorted(kinds)}")
    return wrong
