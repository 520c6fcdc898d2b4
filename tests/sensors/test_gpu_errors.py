"""The driver's error reports (Xid)."""

from __future__ import annotations

from sensors.gpu_readings import GpuState
from sensors.gpus.nvml_errors import Code
from sensors.nvidia import NvidiaGpus
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import Fail, FakeGpu, FakeNvml, answers


def two_cards() -> tuple[FakeNvml, NvidiaGpus, FakeClock]:
    nvml = FakeNvml(FakeGpu(), FakeGpu(answers(nvmlDeviceGetUUID=b"GPU-1")))
    wall = FakeClock(1.7e9)
    return nvml, NvidiaGpus(nvml, clock=FakeClock(), wall_clock=wall), wall


def test_an_error_report_is_the_cards_that_it_is_about() -> None:
    nvml, gpus, wall = two_cards()
    first = gpus.read().gpus
    assert [gpu.last_xid for gpu in first] == [None, None]
    assert "last_xid" not in first[0].unknown
    nvml.events.append((nvml.gpus[1], 48))
    wall.advance(60)
    gpus.read()
    wall.advance(60)
    well, ill = gpus.read().gpus
    assert well.last_xid is None
    assert (ill.last_xid, ill.last_xid_at_s) == (48, 1.7e9 + 60)


def test_of_several_reports_the_last_counts() -> None:
    nvml, gpus, _ = two_cards()
    gpus.read()
    nvml.events += [(nvml.gpus[0], 31), (nvml.gpus[0], 79)]
    assert gpus.read().gpus[0].last_xid == 79


def test_a_report_outlives_the_card_that_it_is_about() -> None:
    nvml, gpus, _ = two_cards()
    gpus.read()
    nvml.events.append((nvml.gpus[0], 79))
    nvml.gpus[0].answer_all(Fail(Code.GPU_IS_LOST))
    gpu = gpus.read().gpus[0]
    assert (gpu.state, gpu.last_xid) == (GpuState.LOST, 79)


def test_a_card_that_reports_for_ever_does_not_hold_up_the_look() -> None:
    nvml, gpus, _ = two_cards()
    gpus.read()
    nvml.events += [(nvml.gpus[0], 13)] * 1000
    gpus.read()
    assert nvml.calls["nvmlEventSetWait_v2"] < 50


def test_a_card_that_cannot_report_says_so() -> None:
    card = FakeGpu(answers(nvmlDeviceRegisterEvents=Fail(Code.NOT_SUPPORTED)))
    nvml = FakeNvml(card)
    gpu = NvidiaGpus(nvml, clock=FakeClock()).read().gpus[0]
    assert (gpu.last_xid, gpu.unknown["last_xid"]) == (None, "not supported")
    assert nvml.calls["nvmlEventSetWait_v2"] == 0


def test_closing_gives_the_reports_back() -> None:
    nvml, gpus, _ = two_cards()
    gpus.read()
    gpus.close()
    assert nvml.calls["nvmlEventSetFree"] == 1
