"""Signals reach the process that was meant, or nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sensors.process_signals import (
    OFFERED,
    Refusal,
    SignalRefusedError,
    open_process,
    refusal,
    send_signal,
)
from sensors.process_table import Counters, Details, system_table
from sensors.readings import ProcessReading
from tests.fakes.processes import wait_until

ANA = ProcessReading(pid=4321, user="ana", state="S", started_at_s=100.0, command="train.py")


class OneProcess:
    """A table with at most one process in it."""

    def __init__(self, started_at_s: float | None = 100.0) -> None:
        self._started_at_s = started_at_s

    def pids(self) -> set[int]:
        return {ANA.pid}

    def counters(self, pid: int) -> Counters | None:
        assert pid == ANA.pid
        if self._started_at_s is None:
            return None
        return Counters(self._started_at_s, 0.0, 0, name="backup")

    def details(self, pid: int) -> Details | None:
        raise AssertionError(f"nobody asks for the details of {pid}")

    def is_drivers(self, pid: int) -> bool:
        return pid == ANA.pid


class Held:
    """A process that answers a signal with an error, or takes it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[signal.Signals] = []
        self.is_open = True

    def open(self, pid: int) -> Held:
        assert pid == ANA.pid
        return self

    def send(self, number: signal.Signals) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(number)

    def close(self) -> None:
        self.is_open = False


def refused(process: ProcessReading, table: OneProcess, held: Held) -> SignalRefusedError:
    with pytest.raises(SignalRefusedError) as caught:
        send_signal(process, signal.SIGTERM, table=table, open_by_id=held.open)
    assert held.sent == []
    assert caught.value.what.endswith(".")
    assert caught.value.remedy.endswith((".", str(process.pid)))
    return caught.value


def test_a_signal_goes_to_the_process_that_was_listed() -> None:
    held = Held()
    send_signal(ANA, signal.SIGINT, table=OneProcess(), open_by_id=held.open)
    assert held.sent == [signal.SIGINT]
    assert not held.is_open


def test_a_process_id_that_is_used_again_gets_no_signal() -> None:
    held = Held()
    error = refused(ANA, OneProcess(started_at_s=100.01), held)
    assert error.reason is Refusal.REUSED
    assert "backup" in error.what
    assert not held.is_open


def test_a_process_that_has_gone_is_said_to_be_gone() -> None:
    assert refused(ANA, OneProcess(started_at_s=None), Held()).reason is Refusal.GONE
    assert refused(ANA, OneProcess(), Held(ProcessLookupError())).reason is Refusal.GONE


def test_another_users_process_is_refused_with_its_owner_and_the_command_to_use() -> None:
    error = refused(ANA, OneProcess(), Held(PermissionError()))
    assert error.reason is Refusal.NOT_PERMITTED
    assert "ana" in error.what
    assert "sudo kill -TERM 4321" in error.remedy


def test_a_process_of_another_pid_namespace_gets_no_signal() -> None:
    """The same id in here is another process."""
    seen_by_driver_only = ProcessReading(pid=4321, gpu_index=0)
    error = refused(seen_by_driver_only, OneProcess(), Held())
    assert error.reason is Refusal.NOT_VISIBLE


@pytest.mark.parametrize("pid", [0, 1, pytest.param(os.getpid(), id="itself")])
def test_the_first_process_and_racetop_itself_are_protected(pid: int) -> None:
    process = ProcessReading(pid=pid, started_at_s=100.0)
    assert refused(process, OneProcess(), Held()).reason is Refusal.PROTECTED


def test_a_zombie_is_refused_and_its_parent_named() -> None:
    zombie = ProcessReading(pid=4321, state="Z", parent_pid=77, started_at_s=100.0)
    error = refused(zombie, OneProcess(), Held())
    assert error.reason is Refusal.ENDED
    assert "77" in error.what


def test_nothing_speaks_against_an_ordinary_process() -> None:
    assert refusal(ANA) is None


def test_the_signals_people_need_are_offered_with_a_meaning() -> None:
    names = [offered.name for offered in OFFERED]
    assert names == ["TERM", "INT", "KILL", "HUP", "QUIT", "STOP", "CONT", "USR1", "USR2"]
    assert all(offered.meaning for offered in OFFERED)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for its standard input to close."""
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def listed(pid: int) -> ProcessReading:
    counters = system_table().counters(pid)
    assert counters is not None
    return ProcessReading(pid=pid, started_at_s=counters.started_at_s, state=counters.state)


def state_of(pid: int) -> str | None:
    counters = system_table().counters(pid)
    return counters.state if counters else None


@pytest.mark.parametrize("has_descriptors", [True, False])
def test_a_real_process_is_stopped_continued_and_ended(
    child: subprocess.Popen[bytes], has_descriptors: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_descriptors:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = listed(child.pid)
    send_signal(process, signal.SIGSTOP)
    assert wait_until(lambda: state_of(child.pid) == "T")
    send_signal(process, signal.SIGCONT)
    assert wait_until(lambda: state_of(child.pid) == "S")
    send_signal(process, signal.SIGTERM)
    assert child.wait(timeout=10) == -signal.SIGTERM
    with pytest.raises(SignalRefusedError) as caught:
        send_signal(process, signal.SIGTERM)
    assert caught.value.reason is Refusal.GONE


def test_a_real_process_with_another_start_time_is_left_alone(
    child: subprocess.Popen[bytes],
) -> None:
    process = ProcessReading(pid=child.pid, started_at_s=1000.0)
    with pytest.raises(SignalRefusedError) as caught:
        send_signal(process, signal.SIGKILL)
    assert caught.value.reason is Refusal.REUSED
    assert child.poll() is None


def test_a_sandbox_without_process_descriptors_falls_back_to_the_id(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_pid: int) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "pidfd_open", forbidden, raising=False)
    held = open_process(child.pid)
    held.send(signal.SIGKILL)
    held.close()
    assert child.wait(timeout=10) == -signal.SIGKILL
