"""The fork server with real jobs: the same results as cold workers, and nothing handed on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from runners.events import (
    DeviceReady,
    EpochFinished,
    ErrorKind,
    Event,
    Hello,
    JobDone,
    JobFailed,
    Stage,
    StageFinished,
    StageStarted,
)
from runners.launching.launch import run_worker
from runners.launching.warm import WarmWorkers
from runners.process_events import WorkerExited
from runners.workloads import JobSettings, Variant
from tests.fakes.image_sets import make_set
from tests.fakes.real_worker import own_core

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> JobSettings:
    return JobSettings(
        workload="fashion-cnn",
        device="cpu",
        batch_size=100,
        epochs=2,
        cores=(own_core(),),
        data=str(make_set(tmp_path_factory.mktemp("data"), "FashionMNIST")),
    )


@pytest.fixture
async def warm() -> AsyncIterator[WarmWorkers]:
    workers = WarmWorkers()
    yield workers
    workers.close()


async def run_warm(warm: WarmWorkers, settings: JobSettings) -> list[Event]:
    events: list[Event] = []
    await warm.run_worker(settings, events.append)
    return events


def losses(events: list[Event]) -> list[float | None]:
    return [event.train_loss for event in events if isinstance(event, EpochFinished)]


async def test_a_forked_job_learns_exactly_what_a_cold_one_does(
    warm: WarmWorkers, settings: JobSettings
) -> None:
    cold: list[Event] = []
    await run_worker(settings, cold.append)
    other = replace(settings, seed=1, variant=Variant.TUNED)
    forked = [await run_warm(warm, each) for each in (settings, other, settings)]

    assert len(losses(cold)) == 2
    assert losses(forked[0]) == losses(cold)
    assert losses(forked[1]) != losses(cold)
    assert losses(forked[2]) == losses(cold)
    for events in forked:
        assert isinstance(events[-2], JobDone)
        assert isinstance(events[-1], WorkerExited)
        assert events[-1].returncode == 0
        assert [e.threads for e in events if isinstance(e, DeviceReady)] == [1]
        assert [e.cores for e in events if isinstance(e, Hello)] == [settings.cores]
    for events in forked[1:]:
        (ready,) = (event for event in events if isinstance(event, DeviceReady))
        assert any("imported ahead" in note for note in ready.notes)


async def test_one_server_serves_jobs_with_any_number_of_threads(
    warm: WarmWorkers, settings: JobSettings
) -> None:
    cold: list[Event] = []
    await run_worker(replace(settings, threads=2), cold.append)
    forked = [await run_warm(warm, replace(settings, threads=threads)) for threads in (1, 2, 1)]

    threads = [e.threads for events in forked for e in events if isinstance(e, DeviceReady)]
    assert threads == [1, 2, 1]
    assert losses(forked[1]) == losses(cold)
    # Only the first waited for an import.
    imports = [
        any(isinstance(e, StageStarted) and e.stage is Stage.IMPORT for e in events)
        for events in forked
    ]
    assert imports == [True, False, False]


async def test_a_forked_job_has_loader_processes_and_leaves_none(
    warm: WarmWorkers, settings: JobSettings
) -> None:
    events = await run_warm(warm, replace(settings, workers=2))

    assert len(losses(events)) == 2
    assert isinstance(events[-2], JobDone)


async def test_a_job_that_fails_in_a_fork_spoils_none_after_it(
    warm: WarmWorkers, settings: JobSettings, tmp_path: Path
) -> None:
    failing = await run_warm(warm, replace(settings, data=str(tmp_path / "none")))
    working = await run_warm(warm, settings)

    (failed,) = (event for event in failing if isinstance(event, JobFailed))
    assert failed.error is ErrorKind.DATA_MISSING
    assert isinstance(failing[-1], WorkerExited)
    assert failing[-1].returncode == 1
    assert isinstance(working[-2], JobDone)


async def test_a_job_with_gpus_in_sight_is_forked_as_well(
    warm: WarmWorkers, settings: JobSettings
) -> None:
    events = await run_warm(warm, replace(settings, device="cuda:0"))

    # Either CUDA works in the fork, or there is none; never is it spoiled by the server.
    assert any(isinstance(event, StageFinished) for event in events)
    failed = [event for event in events if isinstance(event, JobFailed)]
    assert all(event.error is ErrorKind.DEVICE_MISSING for event in failed)
    assert failed or isinstance(events[-2], JobDone)
