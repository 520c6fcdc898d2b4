from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from sensors.gpu_readings import DriverReading, GpuReading, GpuState, NvmlState
from sensors.readings import Problem, Reading
from tests.fakes import scenes
from tests.fakes.files import write_files
from tests.fakes.reading_source import make_reading
from tui.commands.check import Check
from tui.commands.doctor_gpus import gpu_checks

WORKING = DriverReading(state=NvmlState.OK, driver_version="580.159", cuda_version="13.0")


def only_nvidias(name: str) -> str:
    if name == "nvidia-ml-py":
        return "13.0"
    raise PackageNotFoundError(name)


def checks(reading: Reading, root: Path) -> dict[str, Check]:
    found = gpu_checks(reading, root, version_of=only_nvidias)
    return {check.name: check for check in found}


def with_gpu(gpu: GpuReading) -> Reading:
    return replace(make_reading(), driver=WORKING, gpus=(gpu,))


def test_a_working_driver_is_named_with_its_gpus(tmp_path: Path) -> None:
    check = checks(scenes.reading(0.0, gpus=2, driver=WORKING), tmp_path)["nvml"]
    assert check.ok
    assert "580.159" in check.found
    assert "NVIDIA H200, NVIDIA H200" in check.found


def test_a_machine_without_a_driver_has_no_fault_but_a_mismatch_is_one(tmp_path: Path) -> None:
    absent = scenes.reading(0.0, gpus=0, driver=scenes.NO_DRIVER)
    assert checks(absent, tmp_path)["nvml"].ok is None
    mismatch = DriverReading(
        state=NvmlState.MISMATCH, problem="The driver was updated.", remedy="Reboot."
    )
    check = checks(scenes.reading(0.0, gpus=0, driver=mismatch), tmp_path)["nvml"]
    assert check.ok is False
    assert check.remedy == "Reboot."


def test_a_driver_that_shows_no_gpu_is_a_fault_with_its_remedy(tmp_path: Path) -> None:
    driver = replace(WORKING, problem="It shows no GPU.", remedy="Use --gpus all.")
    check = checks(replace(make_reading(), driver=driver), tmp_path)["nvml"]
    assert (check.ok, check.remedy) == (False, "Use --gpus all.")


def test_each_card_tells_what_it_reports_and_why_not_the_rest(tmp_path: Path) -> None:
    unknown = {"fan_pct": "not supported", "power_w": "no permission", "processes": "in a VM"}
    gpu = GpuReading(index=3, uuid="GPU-secret", name="NVIDIA L4", busy_pct=0.0, unknown=unknown)
    check = checks(with_gpu(gpu), tmp_path)["gpu 3"]
    assert check.ok
    assert check.found.startswith("NVIDIA L4, ok: 1 of ")
    assert "not supported: fan_pct" in check.found
    assert "no permission: power_w" in check.found
    assert "in a VM: processes" in check.found
    assert "sudo" in (check.remedy or "")
    assert "GPU-secret" not in check.found


def test_what_is_none_while_all_is_well_is_not_called_missing(tmp_path: Path) -> None:
    gpu = GpuReading(index=0, uuid="GPU-0", name="NVIDIA L4")
    found = checks(with_gpu(gpu), tmp_path)["gpu 0"].found
    assert "last_xid" not in found
    assert "recovery_action" not in found
    assert "busy_pct" in found


def test_a_lost_card_is_a_note_and_the_sensors_problems_are_told(tmp_path: Path) -> None:
    gpu = GpuReading(index=0, uuid="GPU-0", name="NVIDIA L4", state=GpuState.LOST)
    problem = Problem(source="nvml", what="GPU 0 is lost.", remedy="Reset it.")
    reading = replace(with_gpu(gpu), problems=(problem,))
    found = list(gpu_checks(reading, tmp_path, version_of=only_nvidias))
    assert next(check for check in found if check.name == "gpu 0").ok is None
    assert found[-1] == Check(name="nvml", ok=None, found="GPU 0 is lost.", remedy="Reset it.")


def test_the_library_is_named_by_the_file_the_kernel_mapped(tmp_path: Path) -> None:
    path = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.159"
    line = f"7f00-7f01 r-xp 00000000 08:01 7  {path}\n"
    write_files(tmp_path, {"proc/self/maps": f"{line}{line}7f02-7f03 rw-p 0 0:0 0 [heap]\n"})
    assert (
        checks(scenes.reading(0.0, gpus=1, driver=WORKING), tmp_path)["nvml library"].found == path
    )


def test_a_kernel_module_of_another_version_than_the_library_is_told(tmp_path: Path) -> None:
    text = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86  Release Build\n"
    write_files(tmp_path, {"proc/driver/nvidia/version": text})
    check = checks(scenes.reading(0.0, gpus=1, driver=WORKING), tmp_path)["kernel module"]
    assert check.ok is None
    assert "570.86" in check.found
    assert "580.159" in (check.remedy or "")


def test_a_second_package_of_the_same_module_is_to_be_removed(tmp_path: Path) -> None:
    found = gpu_checks(make_reading(), tmp_path, version_of=lambda _name: "1")
    check = next(check for check in found if check.name == "nvml binding")
    assert check.ok is None
    assert "pip uninstall pynvml nvidia-ml-py3" in (check.remedy or "")
