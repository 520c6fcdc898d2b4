"""A real race on this machine, photographed after a few epochs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runners.spec import Order, Request
from runners.workloads import Variant
from screenshots.picture import svg_of
from sensors.machine import Machine
from sensors.processes import Processes
from sensors.readings import Reading
from sensors.sampler import Sampler
from sensors.wanted import Wanted
from tui.app import RacetopApp
from tui.live import make_race
from tui.wiring import Opening, ReadingStream

SIZE = (120, 40)
EPOCHS_TO_SEE = 4
LONGEST_S = 600.0


async def cpu_race() -> str:
    """`fashion-cnn`, as-written against tuned, on two CPU lanes, as an SVG."""
    request = Request(
        workloads=("fashion-cnn",),
        variants=(Variant.AS_WRITTEN, Variant.TUNED),
        order=Order.TOGETHER,
        data="generated",
    )
    opening = Opening(
        workload=request.workloads[0],
        start=True,
        needs_gpus=False,
        request=lambda _workload, _accelerator: request,
    )
    app = RacetopApp(opening, make_race=make_race, make_sampler=_sampler_of_own_processes)
    seen = asyncio.Event()

    def look(_message: object) -> None:
        if _has_epochs(app):
            seen.set()

    async with app.run_test(size=SIZE, message_hook=look), asyncio.timeout(LONGEST_S):
        await seen.wait()
        return svg_of(app)


def _sampler_of_own_processes(
    on_reading: Callable[[Reading], None],
    *,
    interval_s: float,
    wanted: Callable[[], Wanted],
) -> ReadingStream:
    """Whoever makes the picture need not show what else runs on the machine."""
    return Sampler(
        on_reading,
        interval_s=interval_s,
        wanted=wanted,
        make_source=lambda on_driver: Machine(on_driver, processes=Processes(busiest=0)),
    )


def _has_epochs(app: RacetopApp) -> bool:
    state = app.race.state
    return state is not None and all(
        len(run.epochs) >= EPOCHS_TO_SEE for run in state.runs.values()
    )
