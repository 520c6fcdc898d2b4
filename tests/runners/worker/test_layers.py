"""The process that times the layers, and what the worker makes of its end."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence

import pytest

from runners.events import LayersMeasured, LayerTimes, WarningRaised, WorkerEvent
from runners.events.wire import decode, encode
from runners.worker import layers
from runners.worker.channel import EventChannel
from runners.worker.stop import Stop, StopAsked
from runners.workloads import JobSettings

SETTINGS = JobSettings(workload="mlp", device="cpu", batch_size=4, epochs=1)
TIMES = LayersMeasured(
    batch_size=1, layers=(LayerTimes(name="1", layer="Linear", cold_ms=2.0, warm_ms=(1.0, 1.5)),)
)


def said_of(command: Sequence[str], stop: Stop | None = None) -> list[WorkerEvent]:
    read_fd, write_fd = os.pipe()
    channel = EventChannel(write_fd)
    try:
        layers.measure(SETTINGS, channel, stop or Stop(), command=command)
    finally:
        channel.close()
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as stream:
            events = [decode(line) for line in stream]
    return events


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_the_last_line_it_prints_is_what_it_measured() -> None:
    line = encode(TIMES)
    (event,) = said_of(python(f"import sys; print('hello'); sys.stdout.buffer.write({line!r})"))
    assert isinstance(event, LayersMeasured)
    assert (event.batch_size, event.layers) == (1, TIMES.layers)
    assert event.mono_s > 0


def test_its_settings_are_those_of_the_job() -> None:
    program = f"import sys, json; assert json.loads(sys.argv[1])['batch_size'] == 4; {PRINT_TIMES}"
    (event,) = said_of(python(program))
    assert isinstance(event, LayersMeasured)


PRINT_TIMES = f"sys.stdout.buffer.write({encode(TIMES)!r})"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit('out of memory')", "out of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the process said nothing"),
        ("raise RuntimeError('no such thing')", "RuntimeError: no such thing"),
        ("print('no event')", "the process said nothing"),
    ],
)
def test_its_failure_is_a_warning(program: str, why: str) -> None:
    (event,) = said_of(python(program))
    assert isinstance(event, WarningRaised)
    assert event.text == f"The layers are not timed: {why}"


def test_a_program_that_cannot_be_started_is_a_warning() -> None:
    (event,) = said_of(["/nowhere/python"])
    assert isinstance(event, WarningRaised)
    assert "No such file" in event.text


def test_a_stop_ends_it() -> None:
    stop = Stop()
    timer = threading.Timer(0.2, stop.ask)
    timer.start()
    with pytest.raises(StopAsked):
        said_of(python("import time; time.sleep(100)"), stop)
    timer.join()
