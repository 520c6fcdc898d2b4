"""A stand-in for a worker with one loader process, torch apart: `python -m ... START_METHOD`.

It prints the number of that process, and again for each line of its input, as told by it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from runners.worker.lifeline import start_loader_process


def load(pipe: Connection) -> None:
    start_loader_process(0)
    with suppress(EOFError, OSError):
        while True:
            pipe.send(os.getpid())
            pipe.recv()
    # A loader process may be at work when its worker ends, and hear nothing of it.
    threading.Event().wait()


def main(start_method: str) -> None:
    context = multiprocessing.get_context(start_method)
    ours, its = context.Pipe()
    context.Process(target=load, args=(its,), daemon=True).start()  # type: ignore[attr-defined]
    its.close()
    print(ours.recv(), flush=True)
    for _ in sys.stdin:
        ours.send(None)
        print(ours.recv(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
