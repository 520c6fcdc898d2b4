"""Starts one job: `python -P -m runners.worker SETTINGS`, run by racetop itself."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from runners.events import CHANNEL_VARIABLE, CONTROL_VARIABLE
from runners.worker import layers, lifeline
from runners.worker.leaving import leave
from runners.worker.process import run_job
from runners.workloads import JobSettings

_USAGE = f"""\
This is racetop's training process; `racetop compare` or the live screen start it, as
  {CHANNEL_VARIABLE}=fd:N {CONTROL_VARIABLE}=fd:M python -P -m runners.worker SETTINGS
where N is the writing end of a pipe for events, M the reading end of a pipe that racetop holds
open, and SETTINGS a JSON object. To see what it would find here:
  python -P -m runners.worker --probe"""


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run the job and return the exit status: 0 done or stopped, 1 failed, 2 wrongly started."""
    match arguments:
        case ["--probe"]:
            from runners.worker import probe

            probe.main()
            return 0
        case [layers.OPTION, text]:
            lifeline.die_with_parent()
            from runners.worker import layer_times

            return layer_times.main(text)
    try:
        events_fd = _descriptor(environment[CHANNEL_VARIABLE])
        control_fd = _descriptor(environment[CONTROL_VARIABLE])
        (text,) = arguments
        settings = JobSettings.from_wire(json.loads(text))
    except (KeyError, ValueError, TypeError, OSError) as error:
        print(f"{_USAGE}\n({type(error).__name__}: {error})", file=sys.stderr)
        return 2
    return run_job(settings, events_fd, control_fd)


def _descriptor(address: str) -> int:
    """The number in `fd:N`, which has to be open."""
    kind, _, number = address.partition(":")
    if kind != "fd":
        raise ValueError(f"{address} is not of the form fd:N")
    os.fstat(int(number))
    return int(number)


if __name__ == "__main__":
    leave(main(sys.argv[1:], os.environ))
