from __future__ import annotations

import pytest

from benchmarks.sweep_overhead import split
from runners.events import (
    EpochStarted,
    EvaluationFinished,
    Event,
    Heartbeat,
    Hello,
    JobDone,
    LatencyMeasured,
    Stage,
    StageFinished,
    StageStarted,
)
from runners.process_events import LogLine, WorkerExited, WorkerStarted
from tests.fakes.training import epoch

AFTER_HELLO: list[Event] = [
    StageStarted(stage=Stage.DATA_LOAD, mono_s=3.1),
    StageFinished(stage=Stage.DATA_LOAD, took_s=0.5, mono_s=3.6),
    EpochStarted(epoch=1, epochs=1, steps=10, samples=1000, mono_s=3.6),
    Heartbeat(step=5, mono_s=4.0),
    LogLine(stream="stdout", text="epoch 1/1"),
    epoch(1, 1.0, mono_s=4.6),
    EvaluationFinished(
        epoch=1, eval_s=0.25, samples=100, test_loss=0.4, test_accuracy=0.9, mono_s=4.9
    ),
    LatencyMeasured(latencies_ms=(1.0,), mono_s=5.0),
    JobDone(interrupted=False, dropped_events=0, mono_s=5.0),
    WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=5.2),
]


def test_each_second_of_a_run_belongs_to_its_training_or_to_one_part() -> None:
    training_s, parts_s = split(
        [
            WorkerStarted(pid=1, mono_s=1.0),
            StageStarted(stage=Stage.IMPORT, mono_s=1.0),
            WorkerStarted(pid=2, mono_s=1.0),
            StageFinished(stage=Stage.IMPORT, took_s=1.9, mono_s=3.0),
            Hello(pid=2, python="3", cores=(), mono_s=3.1),
            *AFTER_HELLO,
        ]
    )

    assert training_s == pytest.approx(1.25)
    assert sum(parts_s.values()) + training_s == pytest.approx(4.2)
    assert parts_s["import"] == pytest.approx(2.0)
    assert parts_s["data load"] == pytest.approx(0.5)
    assert parts_s["around epochs"] == pytest.approx(0.05)
    assert parts_s["end"] == pytest.approx(0.2)


def test_an_import_ahead_of_a_run_is_no_part_of_it() -> None:
    _, parts_s = split(
        [
            WorkerStarted(pid=2, mono_s=3.0),
            StageFinished(stage=Stage.IMPORT, took_s=1.9, mono_s=3.05),
            Hello(pid=2, python="3", cores=(), mono_s=3.1),
            *AFTER_HELLO,
        ]
    )

    assert "import" not in parts_s
    assert parts_s["start"] == pytest.approx(0.1)
