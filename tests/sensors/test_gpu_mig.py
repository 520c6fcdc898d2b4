"""GPUs that are cut into instances."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sensors.gpu_readings import GpuReading
from sensors.gpus.nvml_errors import Code
from sensors.gpus.schedule import SELDOM_S
from sensors.nvidia import NvidiaGpus
from sensors.wanted import Wanted
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import GIB, MEMORY_V2, MIB, Fail, FakeGpu, FakeNvml, answers, process

HANDLE = "nvmlDeviceGetMigDeviceHandleByIndex"


def instance(number: int, **changed: Any) -> FakeGpu:
    return FakeGpu(
        {
            "nvmlDeviceGetUUID": f"MIG-{number}".encode(),
            "nvmlDeviceGetName": b"NVIDIA H200 MIG 3g.71gb",
            "nvmlDeviceGetGpuInstanceId": number + 1,
            "nvmlDeviceGetComputeInstanceId": 0,
            ("nvmlDeviceGetMemoryInfo", MEMORY_V2): SimpleNamespace(used=GIB, total=70 * GIB),
            "nvmlDeviceGetBAR1MemoryInfo": SimpleNamespace(bar1Used=3 * MIB, bar1Total=64 * GIB),
            **changed,
        }
    )


def cut_card(*instances: FakeGpu) -> FakeGpu:
    """A card with room for three instances, cut into some."""
    known = answers(
        nvmlDeviceGetMigMode=[1, 1],
        nvmlDeviceGetMaxMigDeviceCount=3,
        nvmlDeviceGetUtilizationRates=Fail(Code.NOT_SUPPORTED),
        nvmlDeviceGetProcessUtilization=Fail(Code.NOT_SUPPORTED),
        nvmlGpmMigSampleGet=True,
    )
    for index in range(3):
        known[HANDLE, index] = Fail(Code.NOT_FOUND)
    for index, one in enumerate(instances):
        known[HANDLE, index] = one
    return FakeGpu(known)


class Bench:
    """A card, looked at once a second."""

    def __init__(self, card: FakeGpu) -> None:
        self.card, self.nvml, self.clock = card, FakeNvml(card), FakeClock()
        self.gpus = NvidiaGpus(self.nvml, clock=self.clock)

    def look(self, looks: int = 1, wanted: Wanted | None = None) -> GpuReading:
        for _ in range(looks):
            self.clock.advance(1)
            reading = self.gpus.read(wanted or Wanted())
        return reading.gpus[0]


def test_instances_are_listed_with_profile_memory_and_ids() -> None:
    gpu = Bench(cut_card(instance(0), instance(1))).look()
    assert gpu.mig_enabled is True
    assert [one.uuid for one in gpu.mig_instances] == ["MIG-0", "MIG-1"]
    second = gpu.mig_instances[1]
    assert (second.index, second.profile) == (1, "3g.71gb")
    assert (second.gpu_instance, second.compute_instance) == (2, 0)
    assert (second.memory_used_bytes, second.memory_total_bytes) == (GIB, 70 * GIB)
    assert (second.bar1_used_bytes, second.bar1_total_bytes) == (3 * MIB, 64 * GIB)
    assert second.sm_busy_pct is None


def test_use_that_nobody_counts_is_unknown_for_that_reason() -> None:
    gpu = Bench(cut_card(instance(0))).look(2)
    assert (gpu.busy_pct, gpu.unknown["busy_pct"]) == (None, "MIG is on")


def test_the_profile_comes_from_the_attributes_where_the_name_tells_none() -> None:
    attributes = SimpleNamespace(gpuInstanceSliceCount=1, memorySizeMB=10_240)
    one = instance(0, nvmlDeviceGetName=b"H200", nvmlDeviceGetAttributes_v2=attributes)
    assert Bench(cut_card(one)).look().mig_instances[0].profile == "1g.10gb"


def test_memory_of_an_instance_that_may_not_be_asked_is_unknown() -> None:
    closed = instance(0, nvmlDeviceGetMemoryInfo=Fail(Code.NO_PERMISSION))
    closed.answers["nvmlDeviceGetMemoryInfo", MEMORY_V2] = Fail(Code.NO_PERMISSION)
    (one,) = Bench(cut_card(closed)).look().mig_instances
    assert (one.memory_used_bytes, one.profile) == (None, "3g.71gb")


def test_an_instance_without_bar1_keeps_its_memory() -> None:
    without = instance(0, nvmlDeviceGetBAR1MemoryInfo=Fail(Code.NOT_SUPPORTED))
    (one,) = Bench(cut_card(without)).look().mig_instances
    assert (one.bar1_used_bytes, one.bar1_total_bytes, one.memory_used_bytes) == (None, None, GIB)


def test_memory_changes_and_what_never_does_is_asked_once() -> None:
    one = instance(0)
    bench = Bench(cut_card(one))
    bench.look()
    one.answers["nvmlDeviceGetMemoryInfo", MEMORY_V2] = SimpleNamespace(used=2, total=3)
    gpu = bench.look(int(2 * SELDOM_S))
    assert gpu.mig_instances[0].memory_used_bytes == 2
    assert bench.nvml.calls["nvmlDeviceGetGpuInstanceId"] == 1


def test_instances_come_and_go() -> None:
    bench = Bench(cut_card(instance(0)))
    bench.look()
    bench.card.answers[HANDLE, 0] = Fail(Code.NOT_FOUND)
    bench.card.answers[HANDLE, 2] = instance(7)
    gpu = bench.look(int(2 * SELDOM_S))
    assert [one.uuid for one in gpu.mig_instances] == ["MIG-7"]


def test_three_states_are_told_apart() -> None:
    states = {
        "cannot": FakeGpu(answers(nvmlDeviceGetMigMode=Fail(Code.NOT_SUPPORTED))),
        "off": FakeGpu(),
        "on": cut_card(),
    }
    found = {name: Bench(card).look().mig_enabled for name, card in states.items()}
    assert found == {"cannot": None, "off": False, "on": True}


def test_a_card_that_is_made_whole_again_reports_its_use_again() -> None:
    bench = Bench(cut_card(instance(0)))
    assert bench.look().busy_pct is None
    bench.card.answers = answers()
    gpu = bench.look(int(2 * SELDOM_S))
    assert (gpu.mig_enabled, gpu.mig_instances, gpu.busy_pct) == (False, (), 62)


def test_a_process_has_a_row_for_its_instance() -> None:
    card = cut_card(instance(0), instance(1))
    listed = [process(7, GIB, 1), process(8, GIB, 2), process(8, 2 * GIB, 2)]
    card.answers["nvmlDeviceGetComputeRunningProcesses_v3"] = listed
    rows = NvidiaGpus(FakeNvml(card), clock=FakeClock()).read().processes
    assert {row.pid: (row.mig_gpu_instance, row.gpu_memory_bytes) for row in rows} == {
        7: (1, GIB),
        8: (2, 3 * GIB),
    }
    assert rows[0].gpu_busy_pct is None


def test_inner_activity_is_measured_for_each_instance() -> None:
    bench = Bench(cut_card(instance(0), instance(1)))
    gpu = bench.look(3, Wanted(gpu_profile=True))
    assert [one.sm_busy_pct for one in gpu.mig_instances] == [50, 50]
    bench.gpus.close()
    assert bench.nvml.samples == []
