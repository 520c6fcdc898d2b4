"""Brings together what workers tell of their epochs and what looks tell of the machine. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runners.events import DeviceReady, EpochFinished, EpochStarted, Event, StepProgress
from runners.machine.looks import Looks, Subject
from runners.machine.waits import DataWaits
from runners.process_events import EpochObserved
from runners.spec import Plan, RunKey
from sensors.readings import Reading

# A GPU that has not answered for so long after an epoch is not waited for.
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """An epoch that no look has seen the end of yet."""

    key: RunKey
    event: EpochFinished
    subject: Subject
    waits: DataWaits | None

    @property
    def end_s(self) -> float:
        return self.event.started_mono_s + self.event.epoch_s


class Watch:
    """The epochs of one comparison, and the looks at the machine meanwhile.

    Args:
        plan: What is run.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._looks = Looks()
        self._uuids: dict[RunKey, str | None] = {}
        self._waits: dict[RunKey, DataWaits] = {}
        self._finished: list[_Finished] = []

    @property
    def newest_s(self) -> float | None:
        """Monotonic clock at the newest look; None before the first."""
        return self._looks.newest_s

    @property
    def is_waiting(self) -> bool:
        """Whether there are epochs that a further look would tell more of."""
        return not all(map(self._is_seen, self._finished))

    def told(self, key: RunKey, event: Event) -> None:
        """Take in an event of a run."""
        if isinstance(event, DeviceReady):
            self._uuids[key] = event.device_uuid
        elif isinstance(event, EpochStarted):
            self._waits[key] = DataWaits(event.mono_s)
        elif isinstance(event, StepProgress) and key in self._waits:
            self._waits[key].add(event.mono_s, event.phases.data_wait_s)
        elif isinstance(event, EpochFinished):
            self._finish(key, event)

    def looked(self, reading: Reading) -> list[tuple[RunKey, EpochObserved]]:
        """Take a reading; what is known now of epochs that are over."""
        self._looks.add(reading)
        seen: list[_Finished] = []
        unseen: list[_Finished] = []
        for one in self._finished:
            (seen if self._is_seen(one) else unseen).append(one)
        self._finished = unseen
        return self._observed(seen)

    def rest(self) -> list[tuple[RunKey, EpochObserved]]:
        """What is known of all other epochs that are over; no further look comes."""
        seen, self._finished = self._finished, []
        return self._observed(seen)

    def _finish(self, key: RunKey, event: EpochFinished) -> None:
        subject = Subject(
            gpu_uuid=self._uuids.get(key),
            is_cpu=self._plan.jobs[key.job].settings.device == "cpu",
        )
        waits = self._waits.pop(key, None)
        finished = _Finished(key=key, event=event, subject=subject, waits=waits)
        if waits is not None:
            waits.add(finished.end_s, event.phases.data_wait_s)
        self._finished.append(finished)

    def _is_seen(self, one: _Finished) -> bool:
        if self._looks.is_past(one.end_s, one.subject.gpu_uuid):
            return True
        return (self.newest_s or 0.0) >= one.end_s + PATIENCE_S

    def _observed(self, seen: list[_Finished]) -> list[tuple[RunKey, EpochObserved]]:
        found = []
        for one in seen:
            machine = self._looks.machine(
                one.event.started_mono_s,
                one.end_s,
                one.subject,
                process_s=one.event.process_s,
                waits=one.waits,
            )
            if machine is not None:
                event = EpochObserved(epoch=one.event.epoch, machine=machine)
                found.append((one.key, event))
        return found
