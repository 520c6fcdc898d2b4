"""GPUs that the kernel puts to sleep, as laptops' are: they are told asleep, and never woken."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from sensors.gpu_readings import GpuState, NvmlState
from sensors.gpus.runtime_power import RuntimePower
from tests.fakes.gpu_bench import WALL_S, Bench
from tests.fakes.nvml import FakeGpu, answers


class Laptop:
    """A machine whose kernel can put its GPUs to sleep; the driver has loaded."""

    def __init__(self, root: Path, gpus: int = 1) -> None:
        self._devices = root / "sys/bus/pci/devices"
        for index in range(gpus):
            place = f"0000:{65 + index}:00.0"
            (self._devices / place / "power").mkdir(parents=True)
            (self._devices / place / "power" / "control").write_text("auto\n")
            (root / "sys/bus/pci/drivers/nvidia" / place).mkdir(parents=True)
        (root / "sys/bus/pci/drivers/nvidia/bind").touch()
        (root / "sys/module/nvidia").mkdir(parents=True)
        (root / "sys/module/nvidia/version").write_text("580.95.05\n")
        self.power = RuntimePower(root)

    def set(self, status: str, index: int = 0) -> None:
        place = f"0000:{65 + index}:00.0"
        (self._devices / place / "power" / "runtime_status").write_text(f"{status}\n")


def test_a_card_that_sleeps_at_first_is_not_woken_by_opening_the_driver(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    laptop.set("suspended")
    bench = Bench(FakeGpu(), power=laptop.power)
    for _ in range(3):
        reading = bench.look()
    assert sum(bench.nvml.calls.values()) == 0
    (gpu,) = reading.gpus
    assert (gpu.state, gpu.state_since_s) == (GpuState.ASLEEP, WALL_S + 1)
    assert (reading.driver.state, reading.driver.driver_version) == (NvmlState.OK, "580.95.05")
    assert reading.problems == ()


def test_a_card_that_wakes_up_is_asked(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    laptop.set("suspended")
    bench = Bench(FakeGpu(), power=laptop.power)
    bench.look()
    laptop.set("active")
    (gpu,) = bench.look().gpus
    assert (gpu.state, gpu.uuid, gpu.busy_pct) == (GpuState.OK, "GPU-0", 62)


def test_a_card_that_falls_asleep_is_asked_nothing_until_it_wakes(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path)
    laptop.set("active")
    bench = Bench(FakeGpu(), power=laptop.power)
    bench.look()
    laptop.set("suspended")
    before = sum(bench.nvml.calls.values())
    for _ in range(100):
        reading = bench.look()
    assert sum(bench.nvml.calls.values()) == before
    (gpu,) = reading.gpus
    assert (gpu.state, gpu.name, gpu.busy_pct) == (GpuState.ASLEEP, "NVIDIA H200", None)
    assert reading.problems == ()
    laptop.set("active")
    (gpu,) = bench.look().gpus
    assert (gpu.state, gpu.temperature_c) == (GpuState.OK, 54)


def test_a_card_that_sleeps_beside_one_that_works_is_not_woken(tmp_path: Path) -> None:
    laptop = Laptop(tmp_path, gpus=2)
    laptop.set("suspended", 0)
    laptop.set("active", 1)
    other = FakeGpu(
        answers(
            nvmlDeviceGetUUID=b"GPU-1",
            nvmlDeviceGetPciInfo=SimpleNamespace(busId=b"00000000:66:00.0"),
        )
    )
    sleeping = FakeGpu({})
    bench = Bench(sleeping, other, power=laptop.power)
    for _ in range(3):
        gpus = bench.look().gpus
    assert [(gpu.state, gpu.busy_pct) for gpu in gpus] == [
        (GpuState.ASLEEP, None),
        (GpuState.OK, 62),
    ]
    laptop.set("active", 0)
    sleeping.answers = answers()
    assert [gpu.state for gpu in bench.look().gpus] == [GpuState.OK] * 2


def test_a_server_whose_cards_never_sleep_is_not_asked_for_it_at_each_look() -> None:
    class Counting(RuntimePower):
        asked = 0

        def is_suspended(self, place: str) -> bool:
            self.asked += 1
            return super().is_suspended(place)

    power = Counting(Path("/no/such/folder"))
    bench = Bench(FakeGpu(), power=power)
    for _ in range(5):
        bench.look()
    assert power.asked == 0
