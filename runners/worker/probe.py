"""What training would find on this machine, as one JSON object on stdout."""

from __future__ import annotations

import json
from typing import Any

from runners.worker.errors import WorkerError
from runners.worker.libraries import load_torch, load_torchvision


def main() -> None:
    """Print the findings; whatever fails becomes one of its problems."""
    findings: dict[str, Any] = dict.fromkeys(("torch", "torchvision", "cuda", "cudnn"))
    findings |= {"devices": [], "problems": []}
    part = "torch"
    try:
        load_torch()
        _look_at_devices(findings)
        part = "torchvision"
        load_torchvision()
    except WorkerError as error:
        _note(findings, part, error)
    except Exception as error:  # noqa: BLE001 - a probe tells of anything and never fails
        what = f"{type(error).__name__}: {error}"
        remedy = "Reinstall torch and torchvision."
        findings["problems"].append({"part": part, "what": what, "remedy": remedy})
    print(json.dumps(findings), flush=True)


def _look_at_devices(findings: dict[str, Any]) -> None:
    import torch

    from runners.worker import devices

    found = devices.versions()
    findings |= {name: found.get(name) for name in ("torch", "torchvision", "cuda", "cudnn")}
    names = ["cpu"]
    if (problem := devices.cuda_problem()) is None:
        names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    else:
        _note(findings, "accelerator", problem)
    if devices.mps_problem() is None:
        names.append("mps")
    for name in names:
        entry: dict[str, Any] = {"device": name, "name": devices.name_of(torch.device(name))}
        if name.startswith("cuda"):
            entry["memory_bytes"] = torch.cuda.get_device_properties(name).total_memory
        findings["devices"].append(entry)


def _note(findings: dict[str, Any], part: str, error: WorkerError) -> None:
    problem = {"part": part, "what": error.message, "remedy": error.remedy}
    findings["problems"].append(problem)
