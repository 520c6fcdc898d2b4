import json
import os
from pathlib import Path

import pytest

from runners.workloads import NO_DATA
from runners.workloads.catalogue import CATALOGUE
from sensors.gpu_readings import DriverReading, NvmlState
from tui.commands import doctor
from tui.commands.check import Check

NO_DRIVER = DriverReading(state=NvmlState.NO_LIBRARY)


def torch_checks(probe: dict[str, object], driver: DriverReading = NO_DRIVER) -> dict[str, Check]:
    return {check.name: check for check in doctor._torch(probe, driver)}


def test_a_driver_without_its_library_for_cuda_is_not_called_absent() -> None:
    problem = {
        "part": "accelerator",
        "what": "There is no NVIDIA driver here.",
        "remedy": "Install it.",
    }
    probe: dict[str, object] = {"problems": [problem]}
    assert torch_checks(probe)["accelerator"].remedy == "Install it."
    check = torch_checks(probe, DriverReading(state=NvmlState.OK))["accelerator"]
    assert "libcuda.so.1" in check.found
    assert "compute,utility" in (check.remedy or "")
    assert "no NVIDIA driver" not in check.found


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
    checks = list(doctor._torch(found, NO_DRIVER))
    assert [(check.name, check.ok) for check in checks] == [
        ("torch", True),
        ("cpu", True),
        ("torchvision", False),
    ]


def test_a_data_set_is_found_by_its_files_packed_or_not(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").touch()
    checks = {check.name: check for check in doctor._data(tmp_path)}
    assert checks["MNIST"].ok
    assert checks["FashionMNIST"].ok is None
    assert "--data download" in (checks["FashionMNIST"].remedy or "")
    assert "download" not in (checks["text"].remedy or "")


@pytest.mark.parametrize("place", ["cifar-10-batches-py/data_batch_1", "train/cat/1.jpg"])
def test_cifar_is_found_in_each_of_its_forms(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).touch()
    assert {check.name: check.ok for check in doctor._data(tmp_path)}["CIFAR10"]


def test_every_data_set_of_the_catalogue_is_told_of(tmp_path: Path) -> None:
    needed = {workload.data for workload in CATALOGUE.values()} - {NO_DATA}
    assert {check.name for check in doctor._data(tmp_path)} == needed


def test_text_of_others_cannot_control_the_terminal() -> None:
    hostile = Check(name="nvml", ok=False, found="\x1b[2Jgone", remedy="\x1b]0;title\x07")
    assert not set("\x1b\x07") & set("".join(doctor._text([hostile])))


@pytest.mark.parametrize(
    ("environment", "ok", "words"),
    [
        ({"TERM": "xterm-256color", "TMUX": "/tmp/x", "SSH_CONNECTION": "10.0.0.1"}, True, "tmux"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, "NO_COLOR=1"),
        ({"TERM": "dumb"}, None, "TERM=dumb"),
        ({}, None, "TERM=unset"),
    ],
)
def test_the_terminal_is_named_by_what_it_can_and_what_it_is_in(
    environment: dict[str, str], ok: bool | None, words: str
) -> None:
    check = doctor._terminal(environment, os.terminal_size((80, 24)))
    assert (check.ok, words in check.found) == (ok, True)
    assert "80x24" in check.found
    assert "10.0.0.1" not in check.found
    assert (check.remedy is None) == bool(ok)


@pytest.mark.parametrize(
    ("encoding", "ok"), [("UTF-8", True), ("utf8", True), ("ANSI_X3.4-1968", None)]
)
def test_an_encoding_without_line_drawing_is_a_note(encoding: str, ok: bool | None) -> None:
    check = doctor._text_encoding(encoding)
    assert (check.ok, check.remedy is None) == (ok, bool(ok))


def test_the_users_folder_is_not_named_in_a_report() -> None:
    check = Check(name="cache", ok=True, found="/home/ana/.cache/racetop", remedy="rm /home/ana/x")
    shown = doctor._without_home(check, Path("/home/ana"))
    assert (shown.found, shown.remedy) == ("~/.cache/racetop", "rm ~/x")
    assert doctor._without_home(check, Path("/")) == check


@pytest.mark.slow
@pytest.mark.torch
def test_the_doctor_looks_at_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    status = doctor.run_doctor(as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "racetop.doctor/1"
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["torch"]["ok"]
    assert {"nvml", "nvml binding", "cpu use", "pressure (PSI)", "limits"} <= set(checks)
    assert status == int(any(check["ok"] is False for check in checks.values()))
