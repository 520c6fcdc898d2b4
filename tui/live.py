"""Starts the live screen with the real sampler and real workers."""

from __future__ import annotations

from collections.abc import Callable

from runners.launching.warm import WarmWorkers
from runners.paths import cache_dir, data_dir, history_path
from sensors.system.cores import usable_cores
from tui.app import RacetopApp
from tui.past_races import PastRaces
from tui.race import Race
from tui.wiring import Opening


def run_live(opening: Opening, *, interval_s: float) -> int:
    """Run the live screen until the user leaves.

    Args:
        opening: What was asked for.
        interval_s: Seconds between readings.

    Returns:
        The exit status.
    """
    app = RacetopApp(opening, make_race=make_race, interval_s=interval_s)
    app.run()
    return app.return_code or 0


def make_race(on_change: Callable[[], None]) -> Race:
    """The race over this machine's cores, its data and its cache folder."""
    return Race(
        cores=usable_cores(),
        data_dir=data_dir(),
        cache_dir=cache_dir(),
        on_change=on_change,
        workers=WarmWorkers(),
        past=PastRaces(history_path()),
    )
