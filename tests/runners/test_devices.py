from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from runners.devices import best_accelerator, parse_device
from runners.spec import UsageError
from sensors.gpu_readings import DriverReading, GpuReading, GpuState, NvmlState
from sensors.readings import HostReading, Reading


def reading(*states: GpuState) -> Reading:
    return Reading(
        taken_at_s=0.0,
        wall_time_s=0.0,
        took_s=0.0,
        host=HostReading(hostname="box", system="Linux"),
        driver=DriverReading(state=NvmlState.OK if states else NvmlState.NO_LIBRARY),
        gpus=tuple(
            GpuReading(index=i, uuid=str(i), name="GPU", state=s) for i, s in enumerate(states)
        ),
    )


def best(
    found: Reading | None,
    rocm: Path,
    system: str = "Linux",
    machine: str = "x86_64",
    torch: str = "2.15.0+rocm7.0",
) -> str | None:
    return best_accelerator(
        found, rocm_device=rocm, version_of=lambda _: torch, system=system, machine=machine
    )


@pytest.mark.parametrize(
    ("text", "device"),
    [("cpu", "cpu"), ("cuda", "cuda:0"), ("CUDA:12", "cuda:12"), ("mps", "mps"), (" cpu ", "cpu")],
)
def test_devices_are_spelled_as_torch_spells_them(text: str, device: str) -> None:
    assert parse_device(text) == device


@pytest.mark.parametrize("text", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:\u0663", "cpu:0"])
def test_an_unknown_device_is_named_with_those_there_are(text: str) -> None:
    with pytest.raises(UsageError, match=r"unknown device .* cpu, cuda, cuda:N, mps"):
        parse_device(text)


def test_a_gpu_that_answers_is_the_best_accelerator(tmp_path: Path) -> None:
    assert best(reading(GpuState.OK), tmp_path / "none") == "cuda:0"


def test_a_lost_gpu_is_none(tmp_path: Path) -> None:
    assert best(reading(GpuState.LOST), tmp_path / "none") is None
    assert best(None, tmp_path / "none") is None


def test_amds_driver_counts_as_cuda_where_torch_is_built_for_it(tmp_path: Path) -> None:
    (tmp_path / "kfd").touch()

    assert best(reading(), tmp_path / "kfd") == "cuda:0"
    assert best(reading(), tmp_path / "kfd", torch="2.15.0+cu130") is None


def test_amds_driver_without_torch_is_no_accelerator(tmp_path: Path) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    (tmp_path / "kfd").touch()
    found = best_accelerator(
        None, rocm_device=tmp_path / "kfd", version_of=missing, system="Linux", machine="x86_64"
    )

    assert found is None


def test_a_mac_with_its_own_chip_has_mps(tmp_path: Path) -> None:
    assert best(reading(), tmp_path / "none", "Darwin", "arm64") == "mps"
    assert best(reading(), tmp_path / "none", "Darwin", "x86_64") is None
