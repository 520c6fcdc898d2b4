import os
import struct
from pathlib import Path

import pytest

from benchmarks import programs, simulated_gpus
from benchmarks.figures import NotMeasuredError


def test_counts_are_read_by_function() -> None:
    records = [(b"nvmlInit_v2", 1, 0, 9), (b"nvmlDeviceGetName", 16, 2, 0)]
    data = struct.pack("8sII", b"NVMLSIM1", len(records), 256)
    data += b"".join(struct.pack("56sQQQ", *record) for record in records)
    assert simulated_gpus.calls(data + bytes(80)) == {"nvmlInit_v2": 1, "nvmlDeviceGetName": 16}


@pytest.mark.parametrize("data", [b"", b"NVML", struct.pack("8sII", b"OTHER", 1, 1)])
def test_a_file_without_counts_has_none(data: bytes) -> None:
    assert simulated_gpus.calls(data) == {}


def test_without_a_simulated_library_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(programs.NVML_VARIABLE, raising=False)
    with pytest.raises(NotMeasuredError, match=programs.NVML_VARIABLE):
        simulated_gpus.environment(1, simulated_gpus.FREE, [])


def test_the_library_is_told_all_by_the_environment_and_nothing_of_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(programs.NVML_VARIABLE, str(tmp_path))
    monkeypatch.setenv("NVMLSIM_SCENARIO", "/left/over")
    found = simulated_gpus.environment(8, simulated_gpus.A_MILLISECOND, [3, 4], tmp_path / "counts")
    assert found["LD_LIBRARY_PATH"].split(os.pathsep)[0] == str(tmp_path)
    assert found["NVMLSIM_GPUS"] == "8"
    assert found["NVMLSIM_SET"] == "delay nvmlDevice* 1"
    assert found["NVMLSIM_PIDS"] == "3,4"
    assert found["NVMLSIM_COUNTS"] == str(tmp_path / "counts")
    assert "NVMLSIM_SCENARIO" not in found


def name_of(pid: int) -> str:
    """The command line, which the system sets a moment after the program has started."""
    while not (name := Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")):
        os.sched_yield()
    return name


def test_stand_ins_are_there_under_other_names_and_gone_afterwards() -> None:
    with simulated_gpus.sleepers(2) as pids:
        assert all("python3" in name_of(pid) for pid in pids)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
