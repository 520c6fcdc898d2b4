"""A worker that trains nothing and misbehaves on request: `python worker.py SCENARIO JSON`.

Like the real one it says events on the channel named in the environment, and ends when the
control pipe does. Grandchildren print their process id, so that a test can look for them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from runners.events import (
    CHANNEL_VARIABLE,
    CONTROL_VARIABLE,
    DataReady,
    DeviceReady,
    EpochFinished,
    EpochStarted,
    ErrorKind,
    EvaluationFinished,
    Hello,
    JobDone,
    JobFailed,
    ModelReady,
    Phases,
    Stage,
    StageFinished,
    WorkerEvent,
)
from runners.events.wire import MAX_LINE_BYTES, encode

FOREVER_S = 600.0
SLEEPER = "import time; time.sleep(600)"

channel = int(os.environ[CHANNEL_VARIABLE].removeprefix("fd:"))
control = int(os.environ[CONTROL_VARIABLE].removeprefix("fd:"))
settings = json.loads(sys.argv[2])


def say(event: WorkerEvent) -> None:
    write(encode(event))


def write(data: bytes) -> None:
    while data:
        data = data[os.write(channel, data) :]


def watch_control() -> None:
    os.read(control, 1)
    os.killpg(0, signal.SIGKILL)


def epoch(number: int) -> None:
    epochs = settings["epochs"]
    say(EpochStarted(epoch=number, epochs=epochs, steps=10, samples=1000))
    say(
        EpochFinished(
            epoch=number,
            started_mono_s=0.0,
            epoch_s=2.0 if number == 1 else 1.0,
            process_s=1.5,
            samples=1000,
            steps=10,
            train_loss=1.0 / number,
            phases=Phases(data_wait_s=0.5, forward_s=0.2, backward_s=0.2, optimizer_s=0.05),
            peak_memory_bytes=300 * 2**20,
        )
    )
    say(
        EvaluationFinished(
            epoch=number, eval_s=0.1, samples=100, test_loss=0.5, test_accuracy=0.8 + number / 100
        )
    )


def hello() -> None:
    say(Hello(pid=os.getpid(), python="3", cores=tuple(settings["cores"])))


def normal() -> None:
    hello()
    say(StageFinished(stage=Stage.IMPORT, took_s=0.25))
    say(DeviceReady(device_name="Fake CPU", versions={"torch": "0"}, threads=1))
    say(
        DataReady(
            source="generated", name="FakeMNIST", path="-", train_samples=1000, test_samples=100
        )
    )
    say(ModelReady(parameters=10, trainable_parameters=10))
    for number in range(1, settings["epochs"] + 1):
        epoch(number)
    say(JobDone(interrupted=False, dropped_events=0, peak_memory_bytes=400 * 2**20))


def garbage() -> None:
    write(b'not json\n{"v":1}\n[1]\n' + b"[" * 100_000 + b"\n")
    normal()


def overlong() -> None:
    write(b'{"v":1,"pad":"' + b"x" * (3 * MAX_LINE_BYTES) + b'"}\n')
    normal()


def binary() -> None:
    os.write(1, b"\xff\xfe\x00\x1b[2J\nlast words")
    write(bytes(range(256)).replace(b"\n", b"") + b"\n")
    normal()


def flood() -> None:
    os.set_blocking(1, True)
    for _ in range(50):
        os.write(1, b"spam\n" * 10_000)
    os.write(1, b"y" * 1_000_000 + b"\n")
    os.write(1, b"the end\n")
    normal()


def event_flood() -> None:
    line = encode(Hello(pid=1, python="3", cores=()))
    write(line * 5_000)
    normal()


def crash() -> None:
    hello()
    print("about to crash", file=sys.stderr)
    sys.exit(3)


def killed() -> None:
    hello()
    os.kill(os.getpid(), signal.SIGKILL)


def out_of_memory() -> None:
    say(JobFailed(error=ErrorKind.OUT_OF_MEMORY, message="Too big.", remedy="Be smaller."))
    sys.exit(1)


def device_missing() -> None:
    say(JobFailed(error=ErrorKind.DEVICE_MISSING, message="No CUDA.", remedy="Use --devices cpu."))
    sys.exit(1)


def polite() -> None:
    """One epoch, then trains on until interrupted; keeps what it has."""

    def stop(_number: int, _frame: object) -> None:
        say(JobDone(interrupted=True, dropped_events=0))
        sys.exit(0)

    signal.signal(signal.SIGINT, stop)
    hello()
    epoch(1)
    time.sleep(FOREVER_S)


def stubborn() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", SLEEPER], close_fds=False)
    hello()
    time.sleep(FOREVER_S)


def deaf() -> None:
    """One epoch, then deaf to all but SIGKILL."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    epoch(1)
    time.sleep(FOREVER_S)


def terminable() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hello()
    time.sleep(FOREVER_S)


def grandchild() -> None:
    child = subprocess.Popen([sys.executable, "-c", SLEEPER], pass_fds=(channel,))
    print(child.pid, flush=True)
    normal()


def escaped() -> None:
    """Leaves a process outside of the group that holds the pipes."""
    command = [sys.executable, "-c", SLEEPER]
    child = subprocess.Popen(command, pass_fds=(channel,), start_new_session=True)
    print(child.pid, flush=True)
    normal()


def linger() -> None:
    normal()
    time.sleep(FOREVER_S)


def by_device() -> None:
    """Fails on accelerators, trains on the CPU."""
    (normal if settings["device"] == "cpu" else device_missing)()


SCENARIOS: dict[str, Callable[[], None]] = {
    f.__name__: f
    for f in (
        normal, garbage, overlong, binary, flood, event_flood, crash, killed, out_of_memory,
        device_missing, polite, stubborn, deaf, terminable, grandchild, escaped, linger, by_device,
    )
}  # fmt: skip

if __name__ == "__main__":
    threading.Thread(target=watch_control, daemon=True).start()
    SCENARIOS[sys.argv[1]]()
