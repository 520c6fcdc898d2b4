import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sensors.gpu_readings import GpuReading, GpuState, MigInstance
from sensors.readings import Problem, ProcessReading, Reading
from sensors.wanted import Wanted
from tests.fakes import scenes
from tests.fakes.reading_source import FakeReadingSource
from tui.commands import snapshot as command
from tui.commands.snapshot import print_readings
from tui.commands.snapshot_text import as_text

GIB = 1024**3
AT_S = 1_780_000_000.0


def stream(*readings: Reading) -> Iterator[Reading]:
    yield from readings


def with_gpu(**values: object) -> Reading:
    gpu = GpuReading(index=0, uuid="GPU-0", name="NVIDIA L4")
    return replace(scenes.reading(0.0, gpus=0), gpus=(replace(gpu, **values),))  # type: ignore[arg-type]


def printed_csv(capsys: pytest.CaptureFixture[str], *readings: Reading) -> list[dict[str, str]]:
    print_readings(stream(*readings), form="csv", is_stream=True)
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_a_csv_has_one_header_and_a_row_for_each_reading(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = printed_csv(capsys, scenes.reading(0.0, gpus=2), scenes.reading(1.0, gpus=2))
    assert first["taken_at"] != second["taken_at"]
    assert float(second["gpu1_busy_pct"]) == scenes.reading(1.0, gpus=2).gpus[1].busy_pct


def test_a_cell_of_a_csv_is_empty_where_the_value_is_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (row,) = printed_csv(capsys, with_gpu(persistence_mode=True))
    assert (row["gpu0_persistence_mode"], row["gpu0_memory_is_shared"]) == ("true", "false")
    assert (row["gpu0_encoder_pct"], row["gpu0_clock_limits"]) == ("", "")


def test_the_columns_of_a_csv_stay_though_a_gpu_comes_or_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = printed_csv(capsys, *(scenes.reading(0.0, gpus=number) for number in (1, 2, 0)))
    assert len({tuple(row) for row in rows}) == 1
    assert rows[1]["gpu0_name"] == "NVIDIA H200"
    assert rows[2]["gpu0_name"] == ""


def test_names_of_others_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = with_gpu(name="\x1b[2J\nNVIDIA", unknown={"power_w": "\x1b[31m"})
    hostile = replace(hostile, processes=(ProcessReading(pid=1, command="\x1b]0;x\x07"),))
    printed_csv(capsys, hostile)
    for form in ("csv", "text"):
        print_readings(stream(hostile), form=form, is_stream=False)
        assert not set("\x1b\x07") & set(capsys.readouterr().out)


def test_a_stream_of_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    readings = [scenes.reading(second, gpus=1) for second in (0.0, 1.0)]
    print_readings(stream(*readings), form="json", is_stream=True)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["schema"] for line in lines] == ["racetop.snapshot/1"] * 2


def test_what_is_wanted_reaches_the_sensors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = FakeReadingSource()
    asked = Wanted(all_processes=True, gpu_profile=True)

    def take(every_s: float, count: int | None, *, wanted: Wanted) -> Iterator[Reading]:
        assert (every_s, count) == (2.0, 3)
        yield source.read(gpu_wait_s=0.0, wanted=wanted)

    monkeypatch.setattr(command, "take_readings", take)
    command.run_snapshot(form="text", every_s=2.0, count=3, wanted=asked)
    assert source.wanted == [asked]
    assert "box" in capsys.readouterr().out


def test_text_shows_all_of_a_card_that_is_known() -> None:
    text = as_text(
        with_gpu(
            busy_pct=62.0,
            memory_busy_pct=20.0,
            encoder_pct=5.0,
            sm_occupancy_pct=31.0,
            memory_used_bytes=10 * GIB,
            memory_total_bytes=24 * GIB,
            temperature_c=54.0,
            temperature_slowdown_c=90.0,
            memory_temperature_c=61.0,
            fan_pct=35.0,
            fan_rpm=1_450,
            bar1_used_bytes=GIB // 64,
            bar1_total_bytes=GIB // 4,
            energy_j=1.5e6,
            performance_state=0,
            clock_limit_s={"power-cap": 38.2, "hw-thermal": 0.0},
            pcie_generation=4,
            pcie_width=8,
            pcie_generation_max=4,
            pcie_width_max=16,
            nvlink_rx_bytes_per_s=2e9,
            ecc_uncorrected=1,
            remap_pending=True,
            last_xid=79,
            last_xid_at_s=AT_S,
            persistence_mode=False,
            compute_mode="default",
        )
    )
    for words in (
        "busy    62 %, memory 20 %, encoder 5 %",
        "occupancy 31 %",
        "10.0/24.0 GiB",
        "54 °C, slows at 90 °C, memory 61 °C, fan 35 %, 1,450 rpm",
        "10.0/24.0 GiB, BAR1 16 MiB/256 MiB",
        "1,500.0 kJ so far",
        "held    power-cap 38.2 s, since the driver loaded",
        "4x8, of 4x16",
        "rx 2.00 GB/s",
        "uncorrected 1",
        "waits for a reset",
        "Xid 79 at",
        "persistence off, compute default",
        "P0",
    ):
        assert words in text, words
    assert "hw-thermal" not in text


def test_text_says_why_what_matters_is_unknown() -> None:
    reasons = {"power_w": "no permission", "fan_pct": "not supported"}
    text = as_text(with_gpu(unknown=reasons))
    assert "power   n/a (no permission)" in text
    assert "not supported: fan_pct" in text
    assert " 0 %" not in text.partition("GPU 0")[2].partition("PID")[0]


def test_text_says_where_a_card_without_memory_of_its_own_keeps_it() -> None:
    shared = with_gpu(memory_is_shared=True, memory_used_bytes=GIB, memory_total_bytes=4 * GIB)
    assert "memory  1.00/4.00 GiB, shared with the host" in as_text(shared)


def test_text_lists_instances_and_what_a_lost_card_is() -> None:
    instance = MigInstance(
        index=0, uuid="MIG-0", profile="1g.10gb", gpu_instance=7, memory_total_bytes=GIB
    )
    cut = as_text(with_gpu(mig_enabled=True, mig_instances=(instance,)))
    assert "1g.10gb instance 0, GI 7" in cut
    lost = as_text(with_gpu(state=GpuState.LOST, state_since_s=AT_S))
    assert "NVIDIA L4, lost since " in lost


def test_text_lists_processes_with_their_gpu_and_container() -> None:
    rows = (
        ProcessReading(
            pid=7,
            user="ana",
            gpu_uuid="GPU-0",
            gpu_index=0,
            gpu_use="C",
            mig_gpu_instance=3,
            gpu_busy_pct=58.0,
            gpu_memory_bytes=GIB,
            container="trainer",
            command="python train.py",
        ),
        ProcessReading(pid=8, gpu_uuid="GPU-0", gpu_index=0),
        ProcessReading(pid=9, cpu_pct=104.4, command="dockerd"),
    )
    lines = as_text(replace(scenes.reading(0.0, gpus=0), processes=rows)).splitlines()
    first, hidden, host = (next(x for x in lines if x.split()[:1] == [pid]) for pid in "789")
    assert first.split()[1:8] == ["ana", "0:3", "C", "1.0", "GiB", "58", "n/a"]
    assert "[trainer] python train.py" in first
    assert hidden.endswith("?")
    assert host.split()[1:] == ["?", "104", "n/a", "n/a", "dockerd"]


def test_text_ends_with_each_problem_and_its_remedy() -> None:
    problem = Problem(source="nvml", what="GPU 1 is lost.", remedy="Reset it.")
    text = as_text(replace(scenes.reading(0.0), problems=(problem,)))
    assert text.endswith("! GPU 1 is lost.\n  Reset it.")
