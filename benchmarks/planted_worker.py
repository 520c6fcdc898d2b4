"""The real worker with known faults planted in it, for benchmarks and tests to start instead.

    WarmWorkers(command=planted_server("item-sleep=0.002", "read-work=0.001"))

forks such workers from a process that has imported torch. A fault is `PLACE-KIND=SECONDS`:

- `item` happens whenever the as-written loader reads a sample (in loader processes, too, however
  they are started), `forward` in each forward pass of the model that trains, evaluation included,
  `sample` in the same for each sample, `read` whenever the as-written loop reads its figures: at
  each step;
- `sleep` waits without using the CPU, `work` uses it until the thread has used so many seconds.

The tuned and ideal variants read no samples and the tuned one reads no figures in its steps, nor
do probes that leave these parts out: what is planted there goes away with them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sized
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

_VARIABLE = "RACETOP_PLANTED_FAULTS"


def planted_server(*faults: str) -> tuple[str, ...]:
    """The command that starts a fork server of such workers; its own arguments follow."""
    return (sys.executable, "-P", str(Path(__file__)), *faults)


def main() -> NoReturn:
    """Serve; the faults come first, then what the real fork server takes."""
    *faults, fd, settings = sys.argv[1:]
    # Loader processes that are not forked from here learn of the faults by the environment.
    os.environ[_VARIABLE] = " ".join(faults)
    from runners.worker import fork_server
    from runners.worker.leaving import leave

    server: Any = fork_server
    import_everything = server.import_everything

    def import_and_plant() -> None:
        import_everything()
        plant()

    server.import_everything = import_and_plant
    leave(server.main([fd, settings]))


def plant() -> None:
    """Plant what the environment names."""
    for fault in os.environ[_VARIABLE].split():
        where, _, seconds = fault.partition("=")
        place, _, kind = where.partition("-")
        _PLACES[place](partial(_KINDS[kind], float(seconds)))


def _in_items(fault: Callable[[], None]) -> None:
    from torchvision import datasets

    from runners.worker.data.images import ColorImages, FolderImages
    from runners.worker.data.text import Windows

    for kind in (datasets.MNIST, datasets.CIFAR10, ColorImages, FolderImages, Windows):
        _before(kind, "__getitem__", fault)


def _in_forward(fault: Callable[[], None]) -> None:
    _before_forward(lambda _batch: fault())


def _in_samples(fault: Callable[[], None]) -> None:
    def for_each(batch: Sized) -> None:
        for _ in range(len(batch)):
            fault()

    _before_forward(for_each)


def _before_forward(fault: Callable[[Sized], None]) -> None:
    from runners.worker import network

    module: Any = network
    build = module.build

    def slow_build(*args: object, **named: object) -> network.Network:
        built: network.Network = build(*args, **named)
        built.module.register_forward_pre_hook(lambda _, inputs: fault(inputs[0]))
        return built

    module.build = slow_build


def _in_reading(fault: Callable[[], None]) -> None:
    from runners.worker.metrics import ItemMetrics

    _before(ItemMetrics, "add", fault)


def _before(kind: type, name: str, fault: Callable[[], None]) -> None:
    plain = getattr(kind, name)

    def slow(*args: object) -> object:
        fault()
        return plain(*args)

    setattr(kind, name, slow)


def _work(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


_PLACES = {
    "item": _in_items,
    "forward": _in_forward,
    "sample": _in_samples,
    "read": _in_reading,
}
_KINDS: dict[str, Callable[[float], None]] = {"sleep": time.sleep, "work": _work}

if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":
    plant()
