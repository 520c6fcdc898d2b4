from benchmarks.side_by_side import Scene, Values, figures, table

FREE, REAL = "free", "real"


def values(scale: float) -> Values:
    return Values(
        cpu_pct=[0.5 * scale, 0.6 * scale],
        pss_mib=[30.0, 31.0],
        bytes_per_s=[1000.0 * scale, 1100.0 * scale],
        calls_per_s=[10.0 * scale, 12.0 * scale],
        key_ms=[1.0 * scale, 2.0 * scale, 30.0 * scale],
    )


def everything() -> dict[Scene, dict[str, Values]]:
    return {
        Scene(driver, gpus): {"racetop": values(2), "nvtop": values(1), "nvitop": values(4)}
        for driver in (FREE, REAL)
        for gpus in (1, 2, 8, 16)
    }


def by_name(results: dict[Scene, dict[str, Values]]) -> dict[str, tuple[float, str]]:
    found = figures(results, ours="racetop", free=FREE, real=REAL)
    return {figure.name: (figure.value, figure.result) for figure in found}


def test_each_budget_is_held_against_windows_of_the_same_round() -> None:
    found = by_name(everything())
    assert found["CPU against nvitop, 1 GPU, free"] == (0.5, "kept")
    assert found["CPU against nvitop, 8 GPUs, free"] == (0.5, "kept")
    assert found["to the terminal against nvtop, 8 GPUs, free"] == (2.0, "kept")
    assert found["CPU against nvtop, 8 GPUs, real"] == (2.0, "missed")
    assert found["NVML calls against nvtop, 8 GPUs"] == (2.0, "missed")
    assert found["CPU at 16 GPUs against 8"] == (1.0, "kept")
    assert found["CPU of one core, 16 GPUs, free"] == (1.1, "kept")


def test_keys_are_judged_by_the_slow_ones() -> None:
    value, result = by_name(everything())["key to changed screen, p90, 8 GPUs, real"]
    assert value > 40
    assert result.startswith("missed")


def test_what_was_not_measured_has_no_figure() -> None:
    alone = {Scene(FREE, 1): {"racetop": values(1)}}
    assert by_name(alone) == {}
    beside = {Scene(FREE, 1): {"racetop": values(1), "nvitop": values(1), "nvtop": Values()}}
    assert list(by_name(beside)) == ["CPU against nvitop, 1 GPU, free"]


def test_the_table_has_a_row_for_each_program_with_its_spread() -> None:
    results = {Scene(FREE, 8): {"racetop": values(1), "nvitop": Values(cpu_pct=[1.0])}}
    head, _, ours, theirs = table(results).splitlines()
    assert [cell.strip() for cell in head.split("|")][1:4] == ["driver", "GPUs", "program"]
    cells = [cell.strip() for cell in ours.split("|")]
    assert cells[1:4] == ["free", "8", "racetop"]
    assert cells[4] == "0.55 (0.50 - 0.60)"
    assert cells[7:9] == ["2.0", "24.4"]
    assert [cell.strip() for cell in theirs.split("|")][4:10] == ["1.00", *5 * ["-"]]
