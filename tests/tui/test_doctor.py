import json
from pathlib import Path

import pytest

from sensors.gpu_readings import DriverReading, NvmlState
from tests.fakes import scenes
from tui.commands import doctor
from tui.commands.doctor import Check


def torch_checks(probe: dict[str, object]) -> dict[str, Check]:
    return {check.name: check for check in doctor._torch(probe)}


def test_no_accelerator_is_a_note_as_long_as_the_cpu_trains() -> None:
    cpu = {"device": "cpu", "name": "AMD EPYC"}
    what = "There is no NVIDIA driver here."
    problem = {"part": "accelerator", "what": what, "remedy": "Install it."}
    checks = torch_checks({"torch": "2.15.0", "devices": [cpu], "problems": [problem]})
    assert checks["accelerator"].ok is None
    assert checks["accelerator"].remedy == "Install it."
    assert checks["cpu"].ok


def test_a_torch_that_cannot_train_fails_with_its_remedy() -> None:
    remedy = "pip install torch torchvision"
    problem = {"part": "torch", "what": "torch is not installed.", "remedy": remedy}
    checks = torch_checks({"torch": None, "devices": [], "problems": [problem]})
    assert checks["torch"].ok is False
    assert checks["torch"].remedy == remedy


def test_a_torchvision_that_does_not_fit_fails_although_torch_works() -> None:
    cpu = {"device": "cpu", "name": "AMD EPYC"}
    problem = {"part": "torchvision", "what": "It does not fit.", "remedy": "Install both."}
    found = {"torch": "2.15.0", "torchvision": "0.1", "devices": [cpu], "problems": [problem]}
    checks = list(doctor._torch(found))
    assert [(check.name, check.ok) for check in checks] == [
        ("torch", True),
        ("cpu", True),
        ("torchvision", False),
    ]


def machine_checks(driver: DriverReading, gpus: int = 0) -> list[Check]:
    return list(doctor._machine(scenes.reading(0.0, gpus=gpus, driver=driver)))


def test_a_working_driver_is_named_with_its_gpus() -> None:
    driver = DriverReading(state=NvmlState.OK, driver_version="580.159", cuda_version="13.0")
    (check,) = machine_checks(driver, gpus=2)
    assert check.ok
    assert "580.159" in check.found
    assert "NVIDIA H200, NVIDIA H200" in check.found


def test_a_machine_without_a_driver_has_no_fault_but_a_mismatch_is_one() -> None:
    assert machine_checks(scenes.NO_DRIVER)[0].ok is None
    mismatch = DriverReading(
        state=NvmlState.MISMATCH, problem="The driver was updated.", remedy="Reboot."
    )
    (check,) = machine_checks(mismatch)
    assert check.ok is False
    assert check.remedy == "Reboot."


def test_a_data_set_is_found_by_its_files_packed_or_not(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").touch()
    checks = {check.name: check for check in doctor._data(tmp_path)}
    assert checks["MNIST"].ok
    assert checks["FashionMNIST"].ok is None
    assert "--data download" in (checks["FashionMNIST"].remedy or "")


def test_text_of_others_cannot_control_the_terminal() -> None:
    hostile = Check(name="nvml", ok=False, found="\x1b[2Jgone", remedy="\x1b]0;title\x07")
    assert not set("\x1b\x07") & set("".join(doctor._text([hostile])))


@pytest.mark.slow
@pytest.mark.torch
def test_the_doctor_looks_at_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    status = doctor.run_doctor(as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "racetop.doctor/1"
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["torch"]["ok"]
    assert status == int(any(check["ok"] is False for check in checks.values()))
