"""A job of two epochs on a simulated card that heat slows in the second: prints its JSON.

`python heated.py UUID START`: the card, and the wall clock from which the driver's scenario counts.
Nothing is trained; the epochs last as long as a training's would, as the readings are real time's.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Callable

from runners.events import DeviceReady, EpochFinished, EpochStarted, Event, JobDone, Phases
from runners.process_events import WorkerExited, WorkerStarted
from runners.reports.names import Form
from runners.workloads import JobSettings
from tests.fakes.training import plan
from tui.commands.compare import carry_out
from tui.commands.output import Output
from tui.commands.progress import Progress

EPOCHS_S = ((3.0, 6.0), (6.5, 9.5))
"""When each epoch begins and ends, in seconds of the scenario."""


async def train(_settings: JobSettings, on_event: Callable[[Event], None]) -> None:
    on_event(WorkerStarted(pid=1, mono_s=time.monotonic()))
    on_event(DeviceReady(device_name="H100", device_uuid=sys.argv[1], versions={}, threads=1))
    for number, (start_s, end_s) in enumerate(EPOCHS_S, 1):
        await asyncio.sleep(float(sys.argv[2]) + start_s - time.time())
        began_s = time.monotonic()
        on_event(EpochStarted(epoch=number, epochs=2, steps=10, samples=1000, mono_s=began_s))
        await asyncio.sleep(float(sys.argv[2]) + end_s - time.time())
        on_event(
            EpochFinished(
                epoch=number,
                started_mono_s=began_s,
                epoch_s=time.monotonic() - began_s,
                process_s=1.0,
                samples=1000,
                steps=10,
                phases=Phases(data_wait_s=0.1),
            )
        )
    on_event(JobDone(interrupted=False, dropped_events=0))
    on_event(WorkerExited(returncode=0, stopped=False, oom_killed=False, mono_s=time.monotonic()))


if __name__ == "__main__":
    sys.exit(
        carry_out(
            plan("cuda:0"),
            Output(form=Form.JSON),
            sys.stdout,
            Progress(io.StringIO(), quiet=True, is_live=False),
            request=None,
            machine=None,
            run_worker=train,
            recorder=None,
        )
    )
