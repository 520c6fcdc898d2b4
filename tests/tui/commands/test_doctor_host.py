from dataclasses import fields, replace
from pathlib import Path

import pytest

from sensors.readings import HostReading, ProcessReading, Reading
from tests.fakes import scenes
from tests.fakes.files import write_files
from tests.fakes.reading_source import make_reading
from tui.commands import doctor_host
from tui.commands.check import Check

ON_GPU = ProcessReading(pid=7, user="ana", gpu_uuid="GPU-0", command="python secret.py")


def checks(reading: Reading, root: Path) -> dict[str, Check]:
    (root / "proc").mkdir(exist_ok=True)
    return {check.name: check for check in doctor_host.host_checks(reading, root)}


def with_host(**values: float) -> Reading:
    reading = make_reading()
    return replace(reading, host=replace(reading.host, **values))  # type: ignore[arg-type]


def test_sources_name_fields_that_there_are() -> None:
    known = {field.name for field in fields(HostReading)}
    named = [name for source in doctor_host._SOURCES for name in source.fields]
    assert set(named) <= known
    assert len(named) == len(set(named))


def test_a_source_that_gives_all_says_what(tmp_path: Path) -> None:
    check = checks(with_host(temperature_c=71.0), tmp_path)["cpu heat"]
    assert check == Check(name="cpu heat", ok=True, found="temperature_c 71")


def test_a_source_whose_files_are_missing_says_which_and_why(tmp_path: Path) -> None:
    check = checks(make_reading(), tmp_path)["pressure (PSI)"]
    assert check.ok is None
    assert "there is no /proc/pressure/*" in check.found
    assert "psi=1" in (check.remedy or "")


def test_a_file_closed_to_this_user_says_so(tmp_path: Path) -> None:
    write_files(tmp_path, {"sys/class/powercap/intel-rapl:0/energy_uj": "1"})
    (tmp_path / "proc").mkdir()
    found = doctor_host.host_checks(make_reading(), tmp_path, may_read=lambda _file: False)
    check = next(check for check in found if check.name == "cpu power (RAPL)")
    assert "/sys/class/powercap/intel-rapl:0/energy_uj is closed to this user" in check.found
    assert "root" in (check.remedy or "")


def test_a_file_that_gives_only_a_part_says_which(tmp_path: Path) -> None:
    write_files(tmp_path, {"proc/pressure/cpu": "some avg10=1.00"})
    check = checks(with_host(pressure_cpu_pct=1.0), tmp_path)["pressure (PSI)"]
    assert check.found.startswith("pressure_cpu_pct 1; no pressure_io_pct, ")
    assert "/proc/pressure/cpu does not tell it here" in check.found


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"sys/fs/cgroup/cgroup.controllers": "cpu memory"}, "cgroup version 2"),
        ({"sys/fs/cgroup/memory/tasks": "1"}, "cgroup version 1"),
        ({}, "no cgroup"),
    ],
)
def test_limits_come_with_the_cgroup_version(
    tmp_path: Path, files: dict[str, str], version: str
) -> None:
    write_files(tmp_path, files)
    found = checks(scenes.reading(0.0), tmp_path)["limits"].found
    assert found.startswith(f"{version}; 16 of 96 cores (limited by cgroup)")


def test_gpu_processes_that_cannot_be_seen_are_counted_without_a_name(tmp_path: Path) -> None:
    write_files(tmp_path, {"proc/1/stat": "", "proc/self/mounts": "proc /proc proc rw 0 0\n"})
    hidden = replace(ON_GPU, pid=8, user=None, command=None)
    check = checks(replace(make_reading(), processes=(ON_GPU, hidden)), tmp_path)["processes"]
    assert check.ok is None
    assert check.found == "1 processes in /proc; 1 of 2 GPU processes can be seen"
    assert "--pid=host" in (check.remedy or "")


def test_a_hidden_proc_is_told(tmp_path: Path) -> None:
    write_files(tmp_path, {"proc/self/mounts": "proc /proc proc rw,hidepid=2 0 0\n"})
    check = checks(make_reading(), tmp_path)["processes"]
    assert "hidepid" in check.found
    assert check.ok is None


def test_nothing_of_others_is_in_the_report(tmp_path: Path) -> None:
    found = checks(replace(scenes.reading(0.0), processes=(ON_GPU,)), tmp_path)
    text = " ".join(f"{check.found} {check.remedy}" for check in found.values())
    assert "ana" not in text.split()
    assert "secret" not in text
    assert "gpu-box" not in text
