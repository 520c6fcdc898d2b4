from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from runners.history.files import read_export, write_export
from runners.history.store import Entry, HistoryError
from tests.fakes.saved import HERE, REQUEST, THERE, a_stopped_one, history, record
from tests.fakes.training import finished_run, plan


def exported(folder: Path) -> dict[str, Any]:
    """An export of another machine, through a file."""
    kept = history(folder / "there.sqlite", host=THERE)
    number, _ = record(
        kept, finished_run(2.0, 1.0), finished_run(1.0, 0.5), of=plan("cpu", "mps"), request=REQUEST
    )
    document = json.dumps(kept.export([number]), allow_nan=False)
    kept.close()
    found: dict[str, Any] = json.loads(document)
    return found


def test_an_import_is_the_same_comparison_on_another_host(tmp_path: Path) -> None:
    document = exported(tmp_path)
    there = history(tmp_path / "there.sqlite", host=THERE)
    here = history(tmp_path / "here.sqlite", host=HERE)
    (number,) = here.import_(document)
    original, copy = there.load(1), here.load(number)
    there.close()
    here.close()

    assert copy.state == original.state
    assert copy.request == original.request
    assert copy.versions == original.versions
    assert copy.entry.headline == original.entry.headline
    assert (copy.entry.host, copy.entry.is_foreign) == ("there", True)
    assert copy.entry.status == "done"


def test_processes_of_the_machine_stay_there(tmp_path: Path) -> None:
    (comparison,) = exported(tmp_path)["comparisons"]

    assert comparison["machine"] == {"host": {"hostname": "here"}}


def test_what_is_here_already_is_left_as_it_is(tmp_path: Path) -> None:
    document = exported(tmp_path)
    here = history(tmp_path / "here.sqlite")

    assert len(here.import_(document)) == 1
    assert here.import_(document) == []
    assert len(here.entries()) == 1
    here.close()


def test_one_of_another_host_is_not_resumed(tmp_path: Path) -> None:
    there = history(tmp_path / "there.sqlite", host=THERE)
    document = there.export([a_stopped_one(there)])
    there.close()
    here = history(tmp_path / "here.sqlite")
    (number,) = here.import_(document)

    assert here.entries()[0].status == "interrupted"
    with pytest.raises(HistoryError, match="ran on there"):
        here.resume(number)
    here.close()


def test_one_that_runs_over_there_is_interrupted_here(tmp_path: Path) -> None:
    there = history(tmp_path / "there.sqlite", host=THERE)
    there.begin(plan("cpu"), None)
    (entry,) = there.entries()
    document = there.export([entry.id])
    there.close()
    here = history(tmp_path / "here.sqlite")
    here.import_(document)

    assert entry.status == "running"
    assert here.entries()[0].status == "interrupted"
    here.close()


def change(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["comparisons"][0].update(changes)


@pytest.mark.parametrize(
    "spoil",
    [
        dict.clear,
        lambda document: document.update(schema="racetop.history/2"),
        lambda document: document.update(comparisons=None),
        lambda document: document["comparisons"][0].pop("plan"),
        lambda document: document["comparisons"][0]["plan"].update(trials=10**9),
        lambda document: document["comparisons"][0]["plan"].update(more=1),
        lambda document: document["comparisons"][0]["plan"]["jobs"][0]["settings"].update(
            workload="nonesuch"
        ),
        change(events=[{"job": 7, "trial": 0, "line": '{"kind":"worker_started"}'}]),
        change(started_at="yesterday"),
        change(started_at=1e18),
        change(started_at=float("nan")),
        change(uuid="\ud800"),
        change(machine=3),
    ],
)
def test_a_document_that_is_none_adds_nothing_and_is_told(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    document = exported(tmp_path)
    sound = json.loads(json.dumps(document["comparisons"][0])) | {"uuid": "sound"}
    spoil(document)
    if document.get("comparisons"):
        document["comparisons"].insert(0, sound)
    here = history(tmp_path / "here.sqlite")

    with pytest.raises(HistoryError):
        here.import_(document)
    assert here.entries() == []
    here.close()


def test_text_of_others_is_made_printable(tmp_path: Path) -> None:
    document = exported(tmp_path)
    document["comparisons"][0]["host"] = "evil\x1b[2J"
    here = history(tmp_path / "here.sqlite")
    here.import_(document)

    assert "\x1b" not in here.entries()[0].host
    here.close()


def test_an_export_that_cannot_be_written_leaves_the_one_before_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    write_export(path, {"comparisons": []})
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, limit[1]))
    try:
        with pytest.raises(HistoryError, match="cannot be written: File too large"):
            write_export(path, {"comparisons": ["much"] * 9})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    assert read_export(path) == {"comparisons": []}
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_goes_into_what_is_no_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "null"
    path.symlink_to(os.devnull)
    write_export(path, {})

    assert path.is_symlink()
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_not_there_cannot_be_exported(tmp_path: Path) -> None:
    kept = history(tmp_path / "h.sqlite")

    with pytest.raises(HistoryError, match="no comparison 5"):
        kept.export([5])
    kept.close()


def test_the_documentation_names_every_key(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "history.md").read_text(encoding="utf-8")
    (comparison,) = exported(tmp_path)["comparisons"]
    keys = {*comparison, *comparison["events"][0], *(field.name for field in fields(Entry))}

    assert {key for key in keys if f"`{key}`" not in text} == set()
