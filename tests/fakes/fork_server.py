"""A fork server whose workers are the fake one: `python fork_server.py SCENARIO FD JSON`.

Scenarios of its own: `no_import` fails at once, `slow_import` never ends importing, `dies` ends
instead of forking, `hangs` never answers; each but the first two serves until it is asked to fork.
"""

from __future__ import annotations

import json
import os
import runpy
import socket
import sys
import time
from pathlib import Path

from runners.events import CHANNEL_VARIABLE, CONTROL_VARIABLE
from runners.worker import lifeline
from runners.worker.fork_server import ForkServer
from runners.workloads import JobSettings

FAKE_WORKER = Path(__file__).with_name("worker.py")
IMPORTED_S = 0.25
FOREVER_S = 600.0


def run_job(settings: JobSettings, events_fd: int, control_fd: int) -> int:
    os.environ[CHANNEL_VARIABLE] = f"fd:{events_fd}"
    os.environ[CONTROL_VARIABLE] = f"fd:{control_fd}"
    sys.argv = [str(FAKE_WORKER), sys.argv[1], json.dumps(settings.to_wire())]
    try:
        runpy.run_path(str(FAKE_WORKER), run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def main() -> None:
    scenario, fd, _settings = sys.argv[1:]
    lifeline.die_with_parent()
    racetop = socket.socket(fileno=int(fd))
    if scenario == "no_import":
        sys.exit(1)
    if scenario == "slow_import":
        time.sleep(FOREVER_S)
    if scenario in ("dies", "hangs"):
        racetop.send(json.dumps({"imported_s": IMPORTED_S}).encode())
        racetop.recv(1)
        time.sleep(0.0 if scenario == "dies" else FOREVER_S)
    else:
        ForkServer(racetop, run_job).serve(IMPORTED_S)


if __name__ == "__main__":
    main()
