"""A made-up `/proc` with processes in it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.fakes.files import write_files

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
BOOTED_AT_S = 1000


def stat_line(
    pid: int,
    name: str = "python",
    *,
    state: str = "S",
    parent: int = 1,
    flags: int = 0,
    user_s: float = 0.0,
    system_s: float = 0.0,
    threads: int = 1,
    pages: int = 3,
    started_s: float = 50.0,
) -> str:
    """A process's line of counters, times in seconds since the machine's start."""
    before = f"{pid} ({name}) {state} {parent} 7 7 0 -1 {flags} 0 0 0 0"
    ticks = (int(user_s * TICKS_PER_S), int(system_s * TICKS_PER_S))
    times = f"{ticks[0]} {ticks[1]} 0 0 20 0 {threads} 0 {int(started_s * TICKS_PER_S)}"
    return f"{before} {times} 1000000 {pages} 18446744073709551615 1 1\n"


def plant_machine(root: Path, processes: int = 0, *, first: int = 100) -> Path:
    """A machine with so many sleeping processes; returns the folder that stands for `/`."""
    write_files(root, {"proc/stat": f"cpu 0 0 0 0\nbtime {BOOTED_AT_S}\n"})
    for pid in range(first, first + processes):
        plant_process(root, pid)
    return root


def plant_process(
    root: Path, pid: int, stat: str | None = None, *, command: str = "", cgroup: str = "0::/\n"
) -> None:
    """One process, asleep unless its line says otherwise."""
    arguments = (command or f"program --number {pid}").replace(" ", "\0")
    files = {"stat": stat or stat_line(pid), "cmdline": arguments + "\0", "cgroup": cgroup}
    write_files(root, {f"proc/{pid}/{name}": text for name, text in files.items()})
