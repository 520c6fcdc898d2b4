"""Has each layer's time measured in a process of its own, in which nothing is warm yet."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

from runners.events import LayersMeasured, WarningRaised
from runners.events.wire import ProtocolError, decode
from runners.worker.channel import EventChannel
from runners.worker.stop import Stop
from runners.workloads import JobSettings

OPTION = "--layers"

_POLL_S = 0.05
_COMMAND = (sys.executable, "-P", "-m", "runners.worker", OPTION)


def measure(
    settings: JobSettings,
    channel: EventChannel,
    stop: Stop,
    *,
    command: Sequence[str] = _COMMAND,
) -> None:
    """Tell of each layer's time, or by a warning why it is not known.

    Args:
        settings: A job that trains a model.
        channel: Where it is told.
        stop: Asks for a stop.
        command: The program to start; the settings follow as its last argument, as JSON.

    Raises:
        StopAsked: A stop was asked for; the process is gone.
    """
    print("timing the layers in a fresh process", flush=True)
    try:
        said, errors = _outcome([*command, json.dumps(settings.to_wire())], stop)
        event = decode(said[-1] if said else b"")
        if not isinstance(event, LayersMeasured):
            raise ProtocolError("not the layers' times")
    except OSError as error:
        channel.send(WarningRaised(text=f"The layers are not timed: {error.strerror}."))
    except ProtocolError:
        why = errors[-1].decode(errors="replace") if errors else "the process said nothing"
        channel.send(WarningRaised(text=f"The layers are not timed: {why}"))
    else:
        channel.send(replace(event, mono_s=0.0))


def _outcome(command: Sequence[str], stop: Stop) -> tuple[list[bytes], list[bytes]]:
    """The lines of a command's output and of its errors, once it has ended."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            while True:
                stop.check()
                try:
                    output, errors = process.communicate(timeout=_POLL_S)
                except subprocess.TimeoutExpired:
                    continue
                return output.splitlines(), errors.splitlines()
        finally:
            if process.poll() is None:
                process.kill()
