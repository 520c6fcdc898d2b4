"""Everything about one process, read only when somebody asks."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from sensors.system.cgroup import ROOT
from sensors.system.files import read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDetails:
    """One process in detail; its texts are not ours, never markup.

    Attributes:
        pid: Process id.
        arguments: The command line, one entry an argument.
        executable: The program's file.
        working_directory: The folder it works in.
        environment: The variables it was started with.
        nice: Its priority, -20 (first) to 19 (last).
        open_files: How many descriptors it holds.
        threads: How many threads it has.
        cores: The cores it may run on.
        cgroup: Its control group.
        parents: Who started it, then who started that, up to the first process.
        unknown: Why a field is None, by its name, for people.
    """

    pid: int
    arguments: tuple[str, ...] | None = None
    executable: str | None = None
    working_directory: str | None = None
    environment: Mapping[str, str] | None = None
    nice: int | None = None
    open_files: int | None = None
    threads: int | None = None
    cores: tuple[int, ...] | None = None
    cgroup: str | None = None
    parents: tuple[Parent, ...] | None = None
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A process on the way up to the first one."""

    pid: int
    command: str


def process_details(
    pid: int, *, root: Path = ROOT, library: ModuleType = psutil
) -> ProcessDetails | None:
    """Look at one process; None where it is gone, or not visible from here.

    Args:
        pid: Process id.
        root: Folder that stands for `/`.
        library: The module `psutil`, or what behaves like it.
    """
    try:
        process = library.Process(pid)
    except (psutil.Error, OSError, ValueError):
        return None
    questions: dict[str, Callable[[], Any]] = {
        "arguments": lambda: tuple(map(_clean, process.cmdline())),
        "executable": lambda: _clean(process.exe()) or None,
        "working_directory": lambda: _clean(process.cwd()) or None,
        "environment": lambda: {
            _clean(name): _clean(value) for name, value in sorted(process.environ().items())
        },
        "nice": lambda: process.nice(),
        "open_files": lambda: process.num_fds(),
        "threads": lambda: process.num_threads(),
        "cores": lambda: tuple(process.cpu_affinity()),
        "cgroup": lambda: _group(root, pid),
        "parents": lambda: tuple(map(_parent, process.parents())),
    }
    answers: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    with process.oneshot():
        for name, question in questions.items():
            try:
                answers[name] = question()
            except psutil.ZombieProcess:
                unknown[name] = "it has ended (zombie)"
            except psutil.NoSuchProcess:
                return None
            except (psutil.AccessDenied, PermissionError):
                unknown[name] = "only its owner and root may see it"
            except (OSError, AttributeError, NotImplementedError):
                unknown[name] = "this system does not tell"
    return ProcessDetails(pid=pid, unknown=unknown, **answers)


def _parent(process: Any) -> Parent:  # noqa: ANN401 - a process of psutil or of a fake
    try:
        command = shlex.join(process.cmdline()) or f"[{process.name()}]"
    except (psutil.Error, OSError):
        command = "?"
    return Parent(pid=process.pid, command=" ".join(_clean(command).split()))


def _group(root: Path, pid: int) -> str | None:
    """The path in the newest hierarchy that says something."""
    lines = (read_text(root / "proc" / str(pid) / "cgroup") or "").splitlines()
    paths = [line.split(":", 2)[-1] for line in reversed(lines)]
    return next((path for path in paths if path != "/"), paths[0] if paths else None)


def _clean(text: str) -> str:
    """Bytes that are no text are kept by psutil as characters that no terminal takes."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
