"""Steps: is the device there, what is this machine, and do NVML and torch agree about it."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from benchmarks.figures import NotMeasuredError
from benchmarks.gpu.findings import Findings, Setting
from runners.worker.errors import WorkerError
from runners.worker.libraries import load_torch, load_torchvision
from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from sensors.readings import Reading

# What CUDA offers is less than what NVML counts, by what the driver keeps.
_MEMORY_TOLERANCE = 0.05


def check_device(setting: Setting, findings: Findings) -> None:
    """Import torch and torchvision and open the device."""
    found, is_there = setting.device, True
    try:
        load_torch()
        load_torchvision()
        from runners.worker.devices import open_device

        found = f"{setting.device}: {open_device(setting.device).name}"
    except WorkerError as error:
        is_there, found = False, f"{error.message} {error.remedy}"
    findings.demand(
        "the device can be used", is_there, found=found, wanted="torch, torchvision, the device"
    )


def check_machine(setting: Setting, findings: Findings) -> None:
    """Describe the machine; compare what NVML and torch say of the GPU."""
    described = findings.numbers["machine"] = _describe_torch(setting)
    from sensors.sampler import take_reading
    from sensors.snapshot import snapshot

    reading = take_reading()
    described |= _describe_host(reading)
    findings.numbers["snapshot"] = without_names(snapshot(reading), {})
    if reading.driver.state is not NvmlState.OK:
        if not setting.is_rehearsal:
            findings.demand(
                "NVML answers", False, found=str(reading.driver.problem), wanted="state ok"
            )
        raise NotMeasuredError(f"{reading.driver.problem} There is no GPU to compare.")
    gpu = gpu_of(reading.gpus, described["device"])
    if gpu is None:
        raise NotMeasuredError(f"NVML sees no GPU that is {setting.device}.")
    compare(gpu, reading.driver, described["device"], findings)


def gpu_of(gpus: Sequence[GpuReading], device: Mapping[str, Any]) -> GpuReading | None:
    """NVML's reading of torch's device: by its identity, else by its number."""
    uuid, index = device.get("uuid"), device.get("index")
    by_uuid = next((gpu for gpu in gpus if uuid is not None and gpu.uuid == uuid), None)
    return by_uuid or next((gpu for gpu in gpus if gpu.index == index), None)


def without_names(snapshot: Mapping[str, Any], labels: Mapping[int, str]) -> dict[str, Any]:
    """A snapshot that can be shown to anybody: of its processes only our own, by their labels.

    Args:
        snapshot: As `sensors.snapshot` makes it.
        labels: What to call our own processes, by process id.
    """
    own: Collection[Mapping[str, Any]] = [p for p in snapshot["processes"] if p["pid"] in labels]
    return {
        **snapshot,
        "host": {**snapshot["host"], "hostname": "gpu-box", "system": platform.system()},
        "processes": [{**p, "user": "you", "command": labels[p["pid"]]} for p in own],
    }


def _describe_torch(setting: Setting) -> dict[str, Any]:
    import torch

    from runners.worker.devices import open_device, versions

    device = open_device(setting.device)
    described: dict[str, Any] = {"name": device.name, "uuid": device.uuid, "index": None}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device.torch_device)
        described |= {
            "index": device.torch_device.index,
            "memory_total_bytes": properties.total_memory,
            "compute_capability": f"{properties.major}.{properties.minor}",
            "multiprocessors": properties.multi_processor_count,
            "driver_cuda_version": _cuda_version(
                torch._C._cuda_getDriverVersion()  # type: ignore[attr-defined]
            ),
        }
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "device": described,
    }


def _cuda_version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _describe_host(reading: Reading) -> dict[str, Any]:
    host, driver = reading.host, reading.driver
    return {
        "cpu": host.cpu_name,
        "cores_total": host.cores_total,
        "cores_usable": host.cores_usable,
        "cores_limit": host.cores_limit,
        "memory_total_bytes": host.memory_total_bytes,
        "driver": driver.driver_version,
        "driver_cuda": driver.cuda_version,
        "gpus": [
            {"index": gpu.index, "name": gpu.name, "memory_total_bytes": gpu.memory_total_bytes}
            for gpu in reading.gpus
        ],
    }


def compare(
    gpu: GpuReading, driver: DriverReading, device: Mapping[str, Any], findings: Findings
) -> None:
    """Demand that NVML's reading of a card and torch's description of it agree."""
    if device["uuid"] is None:
        findings.skip("identity: NVML and torch", "this torch does not tell it")
    else:
        is_same = device["uuid"] == gpu.uuid
        findings.demand("identity: NVML and torch", is_same, found=str(is_same), wanted="the same")
    findings.demand(
        "name: NVML and torch",
        gpu.name == device["name"],
        found=f"{gpu.name}, {device['name']}",
        wanted="the same",
    )
    nvml_bytes, torch_bytes = gpu.memory_total_bytes or 0, device["memory_total_bytes"]
    findings.demand(
        "memory: NVML and torch",
        0 <= nvml_bytes - torch_bytes <= _MEMORY_TOLERANCE * nvml_bytes,
        found=f"{nvml_bytes / 2**30:.2f} GiB, {torch_bytes / 2**30:.2f} GiB",
        wanted="torch up to 5 % below NVML",
    )
    findings.demand(
        "CUDA version of the driver: NVML and torch",
        driver.cuda_version == device["driver_cuda_version"],
        found=f"{driver.cuda_version}, {device['driver_cuda_version']}",
        wanted="the same",
    )
