from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from runners.events import ErrorKind
from runners.worker.devices import Device, cuda_problem, open_device
from runners.worker.errors import WorkerError
from runners.worker.timing import HostTimer, NoTimer

pytestmark = pytest.mark.torch


@dataclass
class FakeCuda:
    """`torch.cuda` where CUDA does not start, for the reason given."""

    reason: str | None = None

    def is_available(self) -> bool:
        return False

    def init(self) -> None:
        if self.reason is not None:
            raise RuntimeError(self.reason)


class WorkingCuda(FakeCuda):
    def is_available(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("build", "cuda", "environment", "message", "remedy"),
    [
        (None, FakeCuda(), {}, "built without CUDA", "pip install"),
        ("13.0", FakeCuda("Found no NVIDIA driver on your system."), {}, "no NVIDIA", "--gpus all"),
        (
            "13.0",
            FakeCuda("The NVIDIA driver on your system is too old (found version 11040).\nPlease"),
            {},
            "too old (found version 11040).",
            "Update the driver",
        ),
        ("13.0", FakeCuda("CUDA unknown error"), {}, "CUDA unknown error", "reboot"),
        ("13.0", FakeCuda(), {}, "shows no GPU", "nvidia-smi"),
        (
            "13.0",
            FakeCuda("No CUDA GPUs are available"),
            {"CUDA_VISIBLE_DEVICES": ""},
            "CUDA_VISIBLE_DEVICES hides all GPUs",
            "Unset",
        ),
    ],
)
def test_each_reason_why_cuda_is_missing_has_its_own_remedy(
    build: str | None,
    cuda: FakeCuda,
    environment: dict[str, str],
    message: str,
    remedy: str,
    tmp_path: Path,
) -> None:
    problem = cuda_problem(
        build=build, cuda=cuda, environment=environment, kernel_driver=tmp_path / "none"
    )
    assert problem is not None
    assert problem.kind is ErrorKind.DEVICE_MISSING
    assert message in problem.message
    assert "\n" not in problem.message
    assert remedy in problem.remedy
    assert "--devices cpu" in problem.remedy


def test_a_loaded_driver_without_its_library_for_cuda_is_not_called_absent(tmp_path: Path) -> None:
    cuda = FakeCuda("Found no NVIDIA driver on your system.")
    problem = cuda_problem(build="13.0", cuda=cuda, environment={}, kernel_driver=tmp_path)
    assert problem is not None
    assert "libcuda.so.1" in problem.message
    assert "compute,utility" in problem.remedy


def test_where_cuda_works_there_is_no_problem() -> None:
    assert cuda_problem(build="13.0", cuda=WorkingCuda(), environment={}) is None


def test_a_device_number_that_is_not_there_is_told_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runners.worker.devices.cuda_problem", lambda: None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(WorkerError) as caught:
        open_device("cuda:3")
    assert caught.value.message == "There is no cuda:3; this machine has cuda:0, cuda:1."


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "cpu0"])
def test_an_unknown_device_is_told_with_the_known_ones(name: str) -> None:
    with pytest.raises(WorkerError, match=f"{name} is not a known device") as caught:
        open_device(name)
    assert "cuda:0" in caught.value.remedy


def test_the_cpu_has_a_name_a_peak_and_the_host_clock() -> None:
    device = open_device("cpu")
    assert device.name
    assert device.uuid is None
    peak = device.peak_memory_bytes()
    assert peak is not None
    assert 50 << 20 < peak < 1 << 42
    assert isinstance(device.phase_timer(wanted=True), HostTimer)
    assert isinstance(device.phase_timer(wanted=False), NoTimer)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can set the peak back")
def test_what_was_held_before_training_is_no_part_of_its_peak() -> None:
    device = open_device("cpu")
    before = bytearray(300 << 20)
    before[::4096] = b"x" * len(before[::4096])
    del before
    held = device.peak_memory_bytes()
    device.forget_peak_memory()
    now = device.peak_memory_bytes()
    assert held is not None
    assert now is not None
    assert held - now > 200 << 20


def test_the_most_memory_in_use_on_a_gpu_is_kept_until_it_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used = iter([300, 700, 400, 400])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "a GPU")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: None)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _device: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (1000 - next(used), 1000))
    device = Device(torch.device("cuda", 0))
    assert [device.peak_device_used_bytes() for _ in range(3)] == [300, 700, 700]
    device.forget_peak_memory()
    assert device.peak_device_used_bytes() == 400


def test_the_cpu_has_no_memory_of_its_own_to_tell_of() -> None:
    device = open_device("cpu")
    assert device.peak_device_used_bytes() is None
    assert device.peak_reserved_bytes() is None
