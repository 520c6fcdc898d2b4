"""Who uses a GPU, as the driver tells it."""

from __future__ import annotations

from sensors.gpus.nvml_errors import Code
from sensors.gpus.schedule import PROCESSES_S
from sensors.nvidia import NvidiaGpus
from sensors.readings import ProcessReading
from tests.fakes.clock import FakeClock
from tests.fakes.nvml import GIB, Fail, FakeGpu, FakeNvml, answers, process, use

COMPUTE = "nvmlDeviceGetComputeRunningProcesses_v3"
GRAPHICS = "nvmlDeviceGetGraphicsRunningProcesses_v3"
USE = "nvmlDeviceGetProcessUtilization"


def rows_of(*cards: FakeGpu) -> tuple[ProcessReading, ...]:
    return NvidiaGpus(FakeNvml(*cards), clock=FakeClock()).read().processes


def rows(**changed: object) -> dict[int, ProcessReading]:
    return {row.pid: row for row in rows_of(FakeGpu(answers(**changed)))}


def test_compute_and_graphics_processes_are_listed_with_memory_and_use() -> None:
    found = rows(
        **{COMPUTE: [process(7, 2 * GIB)], GRAPHICS: [process(8)], USE: [use(7, 60), use(8, 5)]}
    )
    assert {pid: (r.gpu_memory_bytes, r.gpu_busy_pct) for pid, r in found.items()} == {
        7: (2 * GIB, 60),
        8: (GIB, 5),
    }
    assert (found[7].gpu_index, found[7].gpu_uuid) == (0, "GPU-0")


def test_a_process_in_both_lists_has_one_row() -> None:
    found = rows_of(FakeGpu(answers(**{COMPUTE: [process(7)], GRAPHICS: [process(7, 3 * GIB)]})))
    assert [(row.pid, row.gpu_memory_bytes) for row in found] == [(7, 3 * GIB)]


def test_a_process_on_two_gpus_has_a_row_for_each() -> None:
    other = answers(**{COMPUTE: [process(7)], "nvmlDeviceGetUUID": b"GPU-1"})
    found = rows_of(FakeGpu(answers(**{COMPUTE: [process(7)]})), FakeGpu(other))
    assert [(row.pid, row.gpu_index) for row in found] == [(7, 0), (7, 1)]


def test_parts_of_a_process_on_several_instances_are_added_up() -> None:
    assert rows(**{COMPUTE: [process(7), process(7)]})[7].gpu_memory_bytes == 2 * GIB


def test_memory_the_driver_does_not_tell_is_unknown() -> None:
    assert rows(**{COMPUTE: [process(7, None)]})[7].gpu_memory_bytes is None


def test_no_row_of_use_means_that_a_process_was_idle() -> None:
    assert rows(**{COMPUTE: [process(7)], USE: Fail(Code.NOT_FOUND)})[7].gpu_busy_pct == 0


def test_use_that_is_not_supported_is_unknown() -> None:
    assert rows(**{COMPUTE: [process(7)], USE: Fail(Code.NOT_SUPPORTED)})[7].gpu_busy_pct is None


def test_use_over_100_percent_is_unknown() -> None:
    assert rows(**{COMPUTE: [process(7)], USE: [use(7, 4_000_000)]})[7].gpu_busy_pct is None


def test_the_newest_use_counts() -> None:
    found = rows(**{COMPUTE: [process(7)], USE: [use(7, 80, at_us=9), use(7, 20, at_us=3)]})
    assert found[7].gpu_busy_pct == 80


def test_use_is_asked_for_since_the_newest_seen() -> None:
    clock = FakeClock()
    nvml = FakeNvml(FakeGpu(answers(**{COMPUTE: [process(7)], USE: [use(7, 80, at_us=123)]})))
    gpus = NvidiaGpus(nvml, clock=clock)
    gpus.read()
    clock.advance(PROCESSES_S)
    gpus.read()
    assert nvml.calls[(USE, 123)] == 1


def test_lists_are_asked_for_seldom_and_kept_in_between() -> None:
    clock = FakeClock()
    nvml = FakeNvml(FakeGpu(answers(**{COMPUTE: [process(7)]})))
    gpus = NvidiaGpus(nvml, clock=clock)
    gpus.read()
    for _ in range(10):
        clock.advance(PROCESSES_S / 2)
        assert [row.pid for row in gpus.read().processes] == [7]
    assert nvml.calls[COMPUTE] <= 1 + 5 + 1


def test_a_lost_card_lists_no_processes() -> None:
    card = FakeGpu(answers(**{COMPUTE: [process(7)]}))
    gpus = NvidiaGpus(FakeNvml(card), clock=FakeClock())
    gpus.read()
    card.answer_all(Fail(Code.GPU_IS_LOST))
    assert gpus.read().processes == ()


def test_a_driver_without_the_newest_list_is_asked_for_the_older() -> None:
    found = rows(
        **{COMPUTE: Fail(Code.FUNCTION_NOT_FOUND), COMPUTE.replace("_v3", "_v2"): [process(7)]}
    )
    assert list(found) == [7]


MPS = "nvmlDeviceGetMPSComputeRunningProcesses_v3"


def test_what_a_process_does_is_told_by_the_lists_it_is_in() -> None:
    found = rows(
        **{COMPUTE: [process(7), process(8)], GRAPHICS: [process(7), process(9)], MPS: [process(8)]}
    )
    assert {pid: row.gpu_use for pid, row in found.items()} == {7: "C+G", 8: "C+M", 9: "G"}


def test_memory_and_codecs_in_use_are_told_for_each_process() -> None:
    row = rows(**{COMPUTE: [process(7)], USE: [use(7, 60, memUtil=30, encUtil=5, decUtil=400)]})[7]
    assert (row.gpu_busy_pct, row.gpu_memory_busy_pct, row.encoder_pct) == (60, 30, 5)
    assert row.decoder_pct is None


def test_a_list_that_fails_for_now_keeps_its_rows() -> None:
    card, clock = FakeGpu(answers(**{COMPUTE: [process(7)]})), FakeClock()
    gpus = NvidiaGpus(FakeNvml(card), clock=clock)
    gpus.read()
    card.answers[COMPUTE] = Fail(Code.TIMEOUT)
    clock.advance(PROCESSES_S)
    assert [row.pid for row in gpus.read().processes] == [7]


def test_a_process_that_ended_leaves() -> None:
    card, clock = FakeGpu(answers(**{COMPUTE: [process(7)]})), FakeClock()
    gpus = NvidiaGpus(FakeNvml(card), clock=clock)
    gpus.read()
    card.answers[COMPUTE] = []
    clock.advance(2 * PROCESSES_S)
    gpus.read()
    assert gpus.read().processes == ()


def test_use_is_not_asked_where_there_is_no_process() -> None:
    nvml = FakeNvml(FakeGpu())
    NvidiaGpus(nvml, clock=FakeClock()).read()
    assert nvml.calls[USE] == 0
