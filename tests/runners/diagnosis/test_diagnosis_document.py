"""docs/diagnosis.md tells of every key of the JSON, of its type and of when it is null."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runners.diagnosis import thresholds
from runners.diagnosis.document import SCHEMA, to_json
from runners.diagnosis.records import Bottleneck, Diagnosed
from runners.spec import JobSpec
from sensors.snapshot import snapshot
from tests.fakes.diagnoses import diagnosed, nothing_found
from tests.fakes.reading_source import make_reading
from tests.fakes.told_keys import Places, objects, told_keys, wrongly_told
from tests.fakes.training import settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "diagnosis.md"
ELSEWHERE = (
    ".data",
    ".machine",
    ".versions",
    ".jobs[].settings",
    ".jobs[].runs[]",
    ".jobs[].diagnosis.remedies[].changes",
)
TOLD = told_keys(DOCUMENT)


@cache
def documents() -> tuple[dict[str, Any], ...]:
    """Diagnoses in which each key is null once, and once is not."""
    none_yet = Diagnosed(job=JobSpec(label="cpu", settings=settings()))
    made = (
        to_json([diagnosed()], command="c", trial_s=1.0, machine=snapshot(make_reading())),
        to_json([nothing_found()], command="c", trial_s=1.0),
        to_json([none_yet], command="c", trial_s=1.0),
    )
    return tuple(json.loads(json.dumps(document)) for document in made)


def found_at(places: Places) -> list[dict[str, Any]]:
    return [
        found
        for document in documents()
        for at, found in objects(document, ELSEWHERE)
        if at in places
    ]


def test_every_object_has_a_table() -> None:
    there = {place for document in documents() for place, _ in objects(document, ELSEWHERE)}
    assert there == {place for places in TOLD for place in places}


@pytest.mark.parametrize("places", TOLD, ids=" ".join)
def test_every_key_is_told_in_the_order_of_the_document(places: Places) -> None:
    assert all(list(found) == list(TOLD[places]) for found in found_at(places))


@pytest.mark.parametrize("places", TOLD, ids=" ".join)
def test_every_key_is_told_with_its_type_and_with_when_it_is_null(places: Places) -> None:
    assert wrongly_told(TOLD[places], found_at(places)) == []


def test_schema_and_classes_are_told() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert SCHEMA in TOLD[("",)]["schema"][1]
    assert all(f"| `{bottleneck}` |" in text for bottleneck in Bottleneck)


def test_every_threshold_is_told_as_it_is() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    names = [name for name in vars(thresholds) if name.isupper()]
    told = {name: f"| `{name}` | {getattr(thresholds, name):g} |" for name in names}
    assert names
    assert [line for line in told.values() if line not in text] == []


def test_each_run_has_its_raw_epochs() -> None:
    runs = documents()[0]["jobs"][0]["runs"]
    assert {run["probe"] for run in runs} == {None, "cached", "loader-alone"}
    assert all(epoch["epoch_s"] > 0 for run in runs for epoch in run["epochs"])
