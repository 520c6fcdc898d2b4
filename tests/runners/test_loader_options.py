from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners.loader_options import (
    START_METHODS,
    check_loader,
    loader_notes,
    without_idle_options,
)
from runners.planning import make_plan
from runners.reports.command_line import command_line
from runners.spec import Request, UsageError, axis_text, differing, expand
from runners.workloads import Variant
from sensors.system.cores import UsableCores

CORES = UsableCores(cpu_ids=(0, 1), quota=None, count=2)
OPTIONS: list[dict[str, Any]] = [
    {"persistent_workers": True},
    {"pin_memory": True},
    {"pin_memory": False},
    {"start_method": "spawn"},
]


def asked(**changes: Any) -> Request:
    return Request(**({"workloads": ("mlp",), "workers": (2,)} | changes))


def check(request: Request, known: tuple[str, ...] = START_METHODS) -> None:
    check_loader(request, expand(request, data_dir=None, cache_dir=None), lambda: known)


def notes(request: Request) -> tuple[str, ...]:
    return make_plan(request, CORES, data_dir=Path("/d"), cache_dir=Path("/c")).notes


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("variants", [(Variant.TUNED,), (Variant.TUNED, Variant.IDEAL)])
def test_loops_without_a_loader_take_none_of_its_options(
    options: dict[str, Any], variants: tuple[Variant, ...]
) -> None:
    with pytest.raises(UsageError, match="only the as-written training loop has a loader"):
        check(asked(**options, variants=variants))
    with pytest.raises(UsageError, match=r"leave it out or add --variant as-written"):
        check(asked(**options, workloads=("matmul",), workers=()))
    check(asked(**options, variants=(Variant.AS_WRITTEN, *variants)))


def test_several_options_are_named_as_they_are_typed() -> None:
    request = asked(persistent_workers=True, pin_memory=False, variants=(Variant.TUNED,))
    with pytest.raises(UsageError, match="--persistent-workers and --no-pin-memory would") as told:
        check(request)
    assert "leave them out" in str(told.value)


def test_a_start_that_the_system_does_not_know_is_refused_with_those_it_does() -> None:
    with pytest.raises(UsageError, match=r"cannot start processes by fork; .* takes spawn here"):
        check(asked(start_method="fork"), ("spawn",))
    check(asked(start_method="spawn"), ("spawn",))
    check(asked(), ("spawn",))


def test_what_a_key_asks_for_loses_options_that_no_job_of_it_has() -> None:
    options = asked(persistent_workers=True, pin_memory=True, start_method="spawn")
    assert without_idle_options(options) == options
    for idle in (
        replace(options, variants=(Variant.TUNED,)),
        replace(options, workloads=("matmul", "resnet63")),
    ):
        kept = without_idle_options(idle)
        assert (kept.persistent_workers, kept.pin_memory, kept.start_method) == (False, None, None)
        check(kept)
    both = replace(options, workloads=("matmul", "mlp"))
    assert without_idle_options(both) == both


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (asked(persistent_workers=True), ()),
        (asked(pin_memory=True, devices=("cuda:0",)), ()),
        (asked(pin_memory=False), ()),
        (asked(persistent_workers=True, workers=(0, 2)), ()),
        (asked(pin_memory=True, devices=("cpu", "cuda:0")), ()),
        (
            asked(persistent_workers=True, workers=(0,)),
            ("--persistent-workers makes no difference without loader processes",),
        ),
        (
            asked(persistent_workers=True, start_method="spawn", workers=(0,)),
            (
                "--persistent-workers and --start-method spawn make no difference without loader "
                "processes",
            ),
        ),
        (
            asked(pin_memory=True),
            ("--pin-memory makes no difference on a CPU, where no batch is copied",),
        ),
    ],
)
def test_options_that_change_nothing_are_allowed_and_told(
    request_: Request, words: tuple[str, ...]
) -> None:
    assert notes(request_) == words
    assert loader_notes(asked(), expand(asked(), data_dir=None, cache_dir=None)) == ()


def test_the_command_that_repeats_it_names_them() -> None:
    request = asked(persistent_workers=True, pin_memory=False, start_method="spawn")
    assert command_line(request) == (
        "racetop compare mlp --devices cpu --workers 2 --start-method spawn "
        "--persistent-workers --no-pin-memory"
    )


def test_jobs_that_differ_in_them_are_told_apart() -> None:
    plain = expand(asked(), data_dir=None, cache_dir=None)[0].settings
    for changes in OPTIONS:
        pair = [plain, replace(plain, **changes)]
        (axis,) = changes
        assert differing(pair) == (axis,)
        assert axis_text(axis, pair[0]) != axis_text(axis, pair[1])


def test_a_request_kept_before_there_were_such_options_can_be_read() -> None:
    request = asked(start_method="spawn", pin_memory=True)
    assert Request.from_wire(request.to_wire()) == request
    old = asked().to_wire()
    for name in ("persistent_workers", "pin_memory", "start_method"):
        del old[name]
    assert Request.from_wire(old) == asked()
