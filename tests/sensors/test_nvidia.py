"""NVIDIA GPUs, seen through a fake driver."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from sensors.gpu_readings import GpuReading, GpuState, NvmlState
from sensors.gpus.nvml_errors import Code
from sensors.gpus.profile import SHARES
from sensors.gpus.questions import RETRY_MOST_S
from sensors.gpus.schedule import SELDOM_S
from sensors.nvidia import RETRY_LOST_S, RETRY_S, NvidiaGpus
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import GIB, MEMORY_V2, Fail, FakeGpu, FakeNvml, answers


def gpus_of(nvml: ModuleType, clock: FakeClock | None = None) -> NvidiaGpus:
    return NvidiaGpus(nvml, clock=clock or FakeClock(), wall_clock=lambda: 1.7e9)


def read_one(**changed: object) -> GpuReading:
    (gpu,) = gpus_of(FakeNvml(FakeGpu(answers(**changed)))).read().gpus
    return gpu


def test_a_healthy_card_reports_all_fields_in_the_units_of_their_names() -> None:
    clock = FakeClock()
    gpus = gpus_of(FakeNvml(FakeGpu()), clock)
    gpus.read()
    clock.advance(1)
    (gpu,) = gpus.read().gpus
    assert gpu.state is GpuState.OK
    assert (gpu.index, gpu.uuid, gpu.name) == (0, "GPU-0", "NVIDIA H200")
    assert (gpu.pci_bus_id, gpu.compute_mode) == ("00000000:65:00.0", "default")
    assert (gpu.persistence_mode, gpu.display_active) == (True, False)
    assert (gpu.busy_pct, gpu.memory_busy_pct) == (62, 40)
    assert (gpu.encoder_pct, gpu.decoder_pct) == (0, 0)
    assert (gpu.memory_used_bytes, gpu.memory_total_bytes) == (10 * GIB, 140 * GIB)
    assert (gpu.memory_reserved_bytes, gpu.memory_is_shared) == (GIB, False)
    assert (gpu.temperature_c, gpu.temperature_slowdown_c) == (54, 90)
    assert gpu.memory_temperature_c == 61
    assert (gpu.power_w, gpu.power_limit_w, gpu.energy_j) == (388.5, 700, 1234.567)
    assert (gpu.sm_clock_mhz, gpu.sm_clock_max_mhz) == (1755, 1980)
    assert (gpu.memory_clock_mhz, gpu.memory_clock_max_mhz) == (3201, 3202)
    assert (gpu.fan_pct, gpu.performance_state) == (30, 0)
    assert (gpu.pcie_generation, gpu.pcie_width) == (5, 16)
    assert (gpu.pcie_generation_max, gpu.pcie_width_max) == (5, 16)
    assert (gpu.pcie_tx_bytes_per_s, gpu.nvlink_rx_bytes_per_s) == (0, 0)
    assert (gpu.ecc_corrected, gpu.ecc_uncorrected) == (3, 0)
    assert (gpu.remapped_rows, gpu.remap_pending, gpu.remap_failed) == (2, False, False)
    assert (gpu.recovery_action, gpu.mig_enabled, gpu.mig_instances) == (None, False, ())
    assert gpu.clock_limits is not None
    assert [limit.name for limit in gpu.clock_limits] == ["power-cap"]
    assert gpu.clock_limit_s is not None
    assert gpu.clock_limit_s["power-cap"] == 2.5
    assert set(gpu.unknown) == set(SHARES)


def test_the_driver_reports_its_versions() -> None:
    driver = gpus_of(FakeNvml(FakeGpu())).read().driver
    assert driver.state is NvmlState.OK
    assert (driver.driver_version, driver.cuda_version) == ("580.95.05", "13.0")
    assert driver.problem is None


@pytest.mark.parametrize("code", [Code.NOT_SUPPORTED, Code.UNKNOWN, Code.NO_PERMISSION])
@pytest.mark.parametrize("function", [name for name in answers() if isinstance(name, str)])
def test_one_failing_question_takes_no_other_field_down(function: str, code: Code) -> None:
    expected = set(_known_fields(read_one()))
    gpu = read_one(**{function: Fail(code)})
    lost = expected - set(_known_fields(gpu))
    assert len(lost) <= 2, lost
    assert lost - {"pci_bus_id"} <= set(gpu.unknown)


def _known_fields(gpu: GpuReading) -> list[str]:
    return [name for name in GpuReading.__slots__ if getattr(gpu, name) is not None]


def test_a_card_without_memory_of_its_own_has_unknown_memory_not_zero() -> None:
    known = answers()
    known[("nvmlDeviceGetMemoryInfo", MEMORY_V2)] = Fail(Code.NOT_SUPPORTED)
    known[("nvmlDeviceGetMemoryInfo",)] = Fail(Code.NOT_SUPPORTED)
    (gpu,) = gpus_of(FakeNvml(FakeGpu(known))).read().gpus
    assert (gpu.memory_used_bytes, gpu.memory_total_bytes) == (None, None)
    assert gpu.busy_pct == 62


def test_an_old_driver_is_asked_by_the_older_names() -> None:
    known = answers()
    known[("nvmlDeviceGetMemoryInfo", MEMORY_V2)] = Fail(Code.FUNCTION_NOT_FOUND)
    known["nvmlDeviceGetTemperatureV"] = Fail(Code.FUNCTION_NOT_FOUND)
    known["nvmlDeviceGetCurrentClocksEventReasons"] = Fail(Code.FUNCTION_NOT_FOUND)
    known["nvmlDeviceGetEnforcedPowerLimit"] = Fail(Code.NOT_SUPPORTED)
    (gpu,) = gpus_of(FakeNvml(FakeGpu(known))).read().gpus
    assert (gpu.memory_used_bytes, gpu.memory_reserved_bytes) == (11 * GIB, None)
    assert (gpu.temperature_c, gpu.power_limit_w) == (53, 650)
    assert gpu.clock_limits is not None
    assert [limit.name for limit in gpu.clock_limits] == ["idle"]


def test_a_newer_question_that_fails_for_now_is_not_answered_by_the_older() -> None:
    known = answers()
    known[("nvmlDeviceGetMemoryInfo", MEMORY_V2)] = Fail(Code.UNKNOWN)
    (gpu,) = gpus_of(FakeNvml(FakeGpu(known))).read().gpus
    assert gpu.memory_used_bytes is None


def test_what_is_not_supported_is_asked_once_only() -> None:
    nvml, clock = (
        FakeNvml(FakeGpu(answers(nvmlDeviceGetFanSpeed=Fail(Code.NOT_SUPPORTED)))),
        FakeClock(),
    )
    gpus = gpus_of(nvml, clock)
    for _ in range(9):
        gpu = gpus.read().gpus[0]
        clock.advance(SELDOM_S)
    assert nvml.calls["nvmlDeviceGetFanSpeed"] == 1
    assert (gpu.fan_pct, gpu.unknown["fan_pct"]) == (None, "not supported")


def test_what_fails_for_now_is_asked_again() -> None:
    card = FakeGpu(answers(nvmlDeviceGetUtilizationRates=Fail(Code.UNKNOWN)))
    gpus = gpus_of(FakeNvml(card))
    gpu = gpus.read().gpus[0]
    assert (gpu.busy_pct, gpu.unknown["busy_pct"]) == (None, "fails for now: unknown error")
    card.answers = answers()
    gpu = gpus.read().gpus[0]
    assert gpu.busy_pct == 62
    assert "busy_pct" not in gpu.unknown


def test_what_keeps_failing_is_asked_ever_less_often() -> None:
    card, clock = FakeGpu(answers(nvmlDeviceGetUtilizationRates=Fail(Code.TIMEOUT))), FakeClock()
    nvml = FakeNvml(card)
    gpus = gpus_of(nvml, clock)
    for _ in range(60):
        gpus.read()
        clock.advance(1)
    assert 3 < nvml.calls["nvmlDeviceGetUtilizationRates"] < 10
    card.answers = answers()
    clock.advance(RETRY_MOST_S)
    assert gpus.read().gpus[0].busy_pct == 62


def test_a_share_over_100_percent_is_unknown() -> None:
    nonsense = SimpleNamespace(gpu=4_294_967_295, memory=50)
    gpu = read_one(nvmlDeviceGetUtilizationRates=nonsense)
    assert (gpu.busy_pct, gpu.memory_busy_pct) == (None, 50)


def test_names_that_are_not_utf8_survive() -> None:
    assert read_one(nvmlDeviceGetName=b"NVIDIA \xff\x1b[31m").name == "NVIDIA \ufffd\x1b[31m"


def test_a_lost_card_keeps_its_row_and_the_others_go_on() -> None:
    lost, healthy = FakeGpu(), FakeGpu(answers(nvmlDeviceGetUUID=b"GPU-1"))
    gpus = gpus_of(FakeNvml(lost, healthy))
    gpus.read()
    lost.answer_all(Fail(Code.GPU_IS_LOST))
    reading = gpus.read()
    assert [gpu.state for gpu in reading.gpus] == [GpuState.LOST, GpuState.OK]
    assert (reading.gpus[0].uuid, reading.gpus[0].name) == ("GPU-0", "NVIDIA H200")
    assert reading.gpus[0].busy_pct is None
    assert "GPU 0 is lost since" in reading.problems[0].what


def test_a_lost_card_that_answers_again_is_back() -> None:
    card = FakeGpu()
    gpus = gpus_of(FakeNvml(card))
    gpus.read()
    card.answer_all(Fail(Code.GPU_IS_LOST))
    gpus.read()
    card.answers = answers()
    reading = gpus.read()
    assert reading.gpus[0].state is GpuState.OK
    assert reading.problems == ()


def test_the_driver_is_opened_anew_for_a_card_that_stays_lost() -> None:
    card, clock = FakeGpu(), FakeClock()
    nvml = FakeNvml(card)
    gpus = gpus_of(nvml, clock)
    gpus.read()
    card.answer_all(Fail(Code.GPU_IS_LOST))
    gpus.read()
    clock.advance(RETRY_LOST_S - 1)
    gpus.read()
    assert nvml.calls["nvmlInit"] == 1
    card.answers = answers()
    clock.advance(1)
    assert gpus.read().gpus[0].state is GpuState.OK
    assert nvml.calls["nvmlInit"] == 2


def test_a_card_that_is_gone_when_the_driver_is_opened_anew_keeps_its_row() -> None:
    clock = FakeClock()
    gone, stays = FakeGpu(), FakeGpu(answers(nvmlDeviceGetUUID=b"GPU-1"))
    nvml = FakeNvml(gone, stays)
    gpus = gpus_of(nvml, clock)
    gpus.read()
    gone.answer_all(Fail(Code.GPU_IS_LOST))
    gpus.read()
    nvml.gpus = [stays]
    clock.advance(RETRY_LOST_S)
    states = {gpu.uuid: (gpu.index, gpu.state) for gpu in gpus.read().gpus}
    # The driver counts those that are left from 0 again; no two rows have one number.
    assert states == {"GPU-0": (1, GpuState.LOST), "GPU-1": (0, GpuState.OK)}


def test_a_card_whose_handle_is_refused_has_a_row_that_says_so() -> None:
    hidden = FakeGpu({"nvmlDeviceGetHandleByIndex": Fail(Code.NO_PERMISSION)})
    clock, nvml = FakeClock(), FakeNvml(FakeGpu(), hidden)
    gpus = gpus_of(nvml, clock)
    reading = gpus.read()
    assert [gpu.state for gpu in reading.gpus] == [GpuState.OK, GpuState.FAILED]
    assert "GPU 1 may not be opened by this user" in reading.problems[0].what
    clock.advance(RETRY_LOST_S)
    gpus.read()
    assert nvml.calls["nvmlInit"] == 1


def test_a_card_that_fails_every_question_counts_as_failed() -> None:
    card = FakeGpu()
    gpus = gpus_of(FakeNvml(card))
    gpus.read()
    card.answer_all(Fail(Code.UNKNOWN))
    reading = gpus.read()
    assert reading.gpus[0].state is GpuState.FAILED
    assert "container" in (reading.problems[0].remedy or "")


def test_a_card_that_supports_nothing_is_well_but_unknown() -> None:
    card = FakeGpu()
    card.answer_all(Fail(Code.NOT_SUPPORTED))
    gpu = gpus_of(FakeNvml(card)).read().gpus[0]
    assert gpu.state is GpuState.OK
    shared = ["memory_is_shared", "mig_instances", "unknown"]
    assert _known_fields(gpu) == ["index", "uuid", "name", "state", *shared]
    assert gpu.unknown["power_w"] == "not supported"
    assert set(gpu.unknown.values()) == {"not supported", "measured on request", "not asked yet"}


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (Code.LIBRARY_NOT_FOUND, NvmlState.NO_LIBRARY),
        (Code.DRIVER_NOT_LOADED, NvmlState.NO_DRIVER),
        (Code.LIB_RM_VERSION_MISMATCH, NvmlState.MISMATCH),
        (Code.NO_PERMISSION, NvmlState.NO_PERMISSION),
        (Code.UNKNOWN, NvmlState.FAILED),
    ],
)
def test_a_driver_that_cannot_be_used_says_why_and_what_to_do(code: Code, state: NvmlState) -> None:
    nvml = FakeNvml()
    nvml.init_code = code
    reading = gpus_of(nvml).read()
    assert reading.driver.state is state
    assert reading.gpus == ()
    (problem,) = reading.problems
    assert problem.what == reading.driver.problem
    assert problem.remedy


def test_a_driver_that_cannot_be_used_is_tried_again_slowly() -> None:
    nvml, clock = FakeNvml(FakeGpu()), FakeClock()
    nvml.init_code = Code.DRIVER_NOT_LOADED
    gpus = gpus_of(nvml, clock)
    gpus.read()
    clock.advance(RETRY_S - 1)
    gpus.read()
    assert nvml.calls["nvmlInit"] == 1
    nvml.init_code = Code.SUCCESS
    clock.advance(1)
    reading = gpus.read()
    assert reading.driver.state is NvmlState.OK
    assert len(reading.gpus) == 1


def test_a_driver_that_went_away_leaves_its_rows_and_comes_back() -> None:
    card, clock = FakeGpu(), FakeClock()
    gpus = gpus_of(FakeNvml(card), clock)
    gpus.read()
    card.answer_all(Fail(Code.UNINITIALIZED))
    reading = gpus.read()
    assert reading.driver.state is NvmlState.FAILED
    assert [(gpu.uuid, gpu.state) for gpu in reading.gpus] == [("GPU-0", GpuState.FAILED)]
    card.answers = answers()
    clock.advance(RETRY_S)
    reading = gpus.read()
    assert reading.driver.state is NvmlState.OK
    assert [(gpu.uuid, gpu.state) for gpu in reading.gpus] == [("GPU-0", GpuState.OK)]


def test_a_driver_without_a_card_is_well_and_says_so() -> None:
    reading = gpus_of(FakeNvml()).read()
    assert reading.driver.state is NvmlState.OK
    assert "no GPU" in reading.problems[0].what


def test_closing_gives_the_driver_back() -> None:
    nvml = FakeNvml(FakeGpu())
    gpus = gpus_of(nvml)
    gpus.read()
    gpus.close()
    assert not nvml.is_open


def test_a_module_that_is_not_nvidias_is_a_problem_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", ModuleType("pynvml"))
    reading = NvidiaGpus().read()
    assert reading.driver.state is NvmlState.FAILED
    assert "not NVIDIA's" in reading.problems[0].what
    assert "nvidia-ml-py" in (reading.problems[0].remedy or "")


def test_a_missing_module_is_a_problem_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    (problem,) = NvidiaGpus().read().problems
    assert "pip install nvidia-ml-py" in (problem.remedy or "")


def test_a_module_that_does_not_fit_the_driver_leaves_fields_unknown() -> None:
    nvml = FakeNvml(FakeGpu())
    nvml.__dict__["nvmlDeviceGetFanSpeed"] = lambda: 0  # takes no handle: TypeError
    gpu = gpus_of(nvml).read().gpus[0]
    assert (gpu.fan_pct, gpu.unknown["fan_pct"]) == (None, "pynvml does not fit: TypeError")
    assert gpu.busy_pct == 62


def test_whatever_a_module_that_does_not_fit_raises_costs_one_field_only() -> None:
    class MismatchError(Exception):
        pass

    def refuse(_gpu: FakeGpu) -> None:
        raise MismatchError

    nvml = FakeNvml(FakeGpu())
    nvml.__dict__["nvmlDeviceGetFanSpeed"] = refuse
    gpu = gpus_of(nvml).read().gpus[0]
    assert gpu.fan_pct is None
    assert gpu.power_limit_w == 700
