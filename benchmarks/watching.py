"""What it costs to look at the machine while a comparison runs without a screen.

`python -m benchmarks.watching N` prints the shares as JSON: a process of its own, as the driver
library takes its settings from the environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from benchmarks import simulated_gpus
from benchmarks.figures import Budget, Figure, NotMeasuredError, Outcome
from benchmarks.simulated_gpus import GPU_PROCESSES, REALISTIC
from runners.machine.watching import Watch
from runners.paths import cache_dir, data_dir
from runners.planning import default_request, make_plan
from sensors.readings import Reading
from sensors.sampler import Sampler
from sensors.system.cores import usable_cores
from sensors.wanted import Wanted
from tui.commands.running import LOOK_EVERY_S

_WINDOW_S = 5.0
_SETTLE_S = 3.0
_WINDOWS, _QUICK_WINDOWS = 12, 2


def measure(*, quick: bool) -> Outcome:
    """Looks at the machine, one a second, kept for the epochs of a comparison."""
    figures, windows = [], _QUICK_WINDOWS if quick else _WINDOWS
    with simulated_gpus.sleepers(GPU_PROCESSES) as pids:
        for gpus in (1, 8):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.watching", str(windows)],
                env=simulated_gpus.environment(gpus, REALISTIC, pids),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise NotMeasuredError(f"the looks failed:\n{done.stderr.strip()}")
            figures.append(
                Figure(
                    name=f"CPU of one core, a look a second, {gpus} GPU{'s' if gpus > 1 else ''}, "
                    f"{REALISTIC.name}",
                    values=tuple(json.loads(done.stdout)),
                    unit=" %",
                    budget=Budget(limit=1.0) if gpus == 1 else None,
                )
            )
    return Outcome(figures=tuple(figures))


def main(windows: int) -> int:
    """Look for so many windows; print the share of a core each took, in percent."""
    plan = make_plan(
        default_request("mlp", None), usable_cores(), data_dir=data_dir(), cache_dir=cache_dir()
    )
    watch = Watch(plan)

    def look(reading: Reading) -> None:
        watch.looked(reading)

    sampler = Sampler(look, interval_s=LOOK_EVERY_S, wanted=lambda: Wanted(processes=False))
    sampler.start()
    time.sleep(_SETTLE_S)
    shares_pct = []
    for _ in range(windows):
        began_s, used_s = time.monotonic(), time.process_time()
        time.sleep(_WINDOW_S)
        shares_pct.append(100 * (time.process_time() - used_s) / (time.monotonic() - began_s))
    sampler.stop()
    print(json.dumps(shares_pct))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
