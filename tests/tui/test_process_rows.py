import random
from dataclasses import replace

import pytest

from sensors.readings import ProcessReading
from tests.fakes import scenes
from tui.processes.columns import BY_KEY, COLUMNS, Facts, columns_that_fit, newly_used
from tui.processes.rows import Filter, Order, Row, arrange, as_tree, in_order

GIB = 1024**3
FACTS = Facts(wall_time_s=scenes.EPOCH_START_S)


def process(pid: int, **fields: object) -> ProcessReading:
    return replace(ProcessReading(pid=pid), **fields)  # type: ignore[arg-type]


def on_gpu(pid: int, gpu: int = 0, **fields: object) -> ProcessReading:
    return process(pid, gpu_uuid=f"GPU-{gpu}", gpu_index=gpu, **fields)


def pids(processes: list[ProcessReading]) -> list[int]:
    return [each.pid for each in processes]


def sorted_pids(key: str, *processes: ProcessReading, inverted: bool = False) -> list[int]:
    order = Order.by(key)
    return pids(in_order(processes, order.inverted() if inverted else order, FACTS))


def admitted(text: str, *processes: ProcessReading, facts: Facts = FACTS) -> list[int]:
    return [each.pid for each in processes if Filter.of(text).admits(each, facts)]


class TestOrder:
    def test_unknown_comes_last_both_ways(self) -> None:
        rows = (process(1), process(2, cpu_pct=5.0), process(3, cpu_pct=50.0))
        assert sorted_pids("cpu", *rows) == [3, 2, 1]
        assert sorted_pids("cpu", *rows, inverted=True) == [2, 3, 1]

    def test_processes_on_a_gpu_come_before_those_of_the_host_even_where_memory_is_unknown(
        self,
    ) -> None:
        rows = (process(1, cpu_pct=90.0), on_gpu(2), on_gpu(3, gpu_memory_bytes=GIB))
        assert sorted_pids("gpu_memory", *rows) == [3, 2, 1]

    def test_what_is_on_no_gpu_is_listed_busiest_first(self) -> None:
        rows = (process(1, cpu_pct=1.0), process(2, cpu_pct=9.0), process(3, memory_bytes=GIB))
        assert sorted_pids("gpu_memory", *rows) == [2, 1, 3]

    def test_rows_that_look_the_same_stand_still(self) -> None:
        calm = [process(2, cpu_pct=20.3), process(1, cpu_pct=19.8)]
        assert sorted_pids("cpu", *calm) == [1, 2]
        nearly = (process(2, memory_bytes=3 * GIB + 5), process(1, memory_bytes=3 * GIB))
        assert sorted_pids("memory", *nearly) == [1, 2]

    def test_the_order_in_which_processes_come_does_not_matter(self) -> None:
        rows = [
            on_gpu(pid, pid % 3, gpu_memory_bytes=pid % 4 * GIB, cpu_pct=float(pid % 5), user="ana")
            for pid in range(30)
        ]
        for column in COLUMNS:
            expected = sorted_pids(column.key, *rows)
            shuffled = random.Random(column.key).sample(rows, len(rows))
            assert sorted_pids(column.key, *shuffled) == expected

    def test_a_process_on_two_gpus_has_its_rows_in_the_order_of_the_gpus(self) -> None:
        rows = in_order([on_gpu(1, 0), process(9), on_gpu(1, 1)], Order.by("pid"), FACTS)[:2]
        assert [row.gpu_index for row in rows] == [0, 1]

    @pytest.mark.parametrize("column", COLUMNS, ids=lambda column: str(column.key))
    def test_every_column_sorts_processes_of_which_nothing_is_known(self, column: object) -> None:
        key = next(c.key for c in COLUMNS if c is column)
        assert sorted_pids(key, process(2), on_gpu(3), process(1), inverted=True)


class TestFilter:
    TRAIN = on_gpu(21, 0, user="ana", command="python Train.py", gpu_use="C", container="lab-1")
    DRAW = on_gpu(33, 12, user="anabel", command="Xorg", gpu_use="G")
    BOTH = on_gpu(44, 1, user="bo", command="blender [/x] --gpu:0", gpu_use="C+G")
    HOST = process(99, user="root", command="train-watcher")
    ALL = (TRAIN, DRAW, BOTH, HOST)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", [21, 33, 44, 99]),
            ("   ", [21, 33, 44, 99]),
            ("train", [21, 99]),
            ("TRAIN ana", [21]),
            ("lab-1", [21]),
            ("99", [99]),
            ("gpu:0", [21]),
            ("gpu:1", [44]),
            ("gpu12", [33]),
            ("user:ana", [21, 33]),
            ("user:anab", [33]),
            ("type:c", [21, 44]),
            ("type:G", [33, 44]),
            ("-train", [33, 44]),
            ("-gpu:0 -user:root", [33, 44]),
            ("train -python", [99]),
            ("gpu:", [21, 33, 44, 99]),
            ("-", [21, 33, 44, 99]),
            ("[/x]", [44]),
            ("nothing:here", []),
            ("\x1b[2J \u202e", []),
        ],
    )
    def test_words(self, text: str, expected: list[int]) -> None:
        assert admitted(text, *self.ALL) == expected

    def test_what_is_ours_is_found_by_the_name_that_is_shown(self) -> None:
        facts = Facts(own={99: "racetop worker: cuda:0"})
        assert admitted("worker", *self.ALL, facts=facts) == [99]

    def test_a_process_of_which_nothing_is_known_is_found_by_its_id(self) -> None:
        assert admitted("7", process(7)) == [7]
        assert admitted("user:ana", process(7)) == []


class TestTree:
    def rows(self, *processes: ProcessReading) -> list[tuple[str, int]]:
        return [(row.branch, row.process.pid) for row in as_tree(processes)]

    def test_children_stand_below_their_parents_with_branches(self) -> None:
        rows = self.rows(
            process(1), process(2, parent_pid=1), process(3, parent_pid=2), process(4, parent_pid=1)
        )
        assert rows == [("", 1), ("├─ ", 2), ("│  └─ ", 3), ("└─ ", 4)]

    def test_a_process_whose_parent_is_not_listed_is_a_root(self) -> None:
        assert self.rows(process(5, parent_pid=77), process(6)) == [("", 5), ("", 6)]

    def test_a_branch_stands_where_its_first_process_stands(self) -> None:
        rows = self.rows(process(9, parent_pid=1), process(5), process(8, parent_pid=1), process(1))
        assert rows == [("", 1), ("├─ ", 9), ("└─ ", 8), ("", 5)]

    def test_parents_in_a_circle_lose_nobody(self) -> None:
        circle = [process(1, parent_pid=3), process(2, parent_pid=1), process(3, parent_pid=2)]
        rows = self.rows(*circle, process(4, parent_pid=4), process(5, parent_pid=2))
        assert sorted(pid for _, pid in rows) == [1, 2, 3, 4, 5]

    def test_a_process_on_several_gpus_keeps_its_rows_together(self) -> None:
        rows = self.rows(on_gpu(1, 0), on_gpu(2, 0, parent_pid=1), on_gpu(2, 1, parent_pid=1))
        assert rows == [("", 1), ("└─ ", 2), ("   ", 2)]

    @pytest.mark.parametrize("seed", range(20))
    def test_whatever_the_parents_each_process_appears_once_with_its_parent_above(
        self, seed: int
    ) -> None:
        dice = random.Random(seed)
        processes = [
            process(pid, parent_pid=dice.choice([None, *range(40)]))
            for pid in dice.sample(range(40), 30)
        ]
        listed = [row.process for row in as_tree(processes)]
        assert sorted(pids(listed)) == sorted(pids(processes))
        for row in as_tree(processes):
            if row.branch:
                parent = row.process.parent_pid
                assert parent in pids(listed[: listed.index(row.process)])

    def test_a_very_deep_family_is_no_problem(self) -> None:
        deep = [process(pid, parent_pid=pid - 1) for pid in range(1, 1500)]
        assert len(as_tree(deep)) == len(deep)


def test_filter_order_and_tree_work_together() -> None:
    processes = [
        on_gpu(10, command="train a", parent_pid=1, gpu_memory_bytes=GIB),
        on_gpu(11, command="train b", parent_pid=1, gpu_memory_bytes=2 * GIB),
        process(1, command="launcher"),
    ]
    order = Order.by("gpu_memory")
    both = arrange(processes, order, Filter.of(""), FACTS, tree=True)
    assert [row.process.pid for row in both] == [1, 11, 10]
    chosen = arrange(processes, order, Filter.of("train"), FACTS, tree=True)
    assert chosen == [Row(processes[1]), Row(processes[0])]


class TestColumns:
    IMPORTANT = ("pid", "gpu", "gpu_memory", "busy", "cpu", "memory", "command")

    def test_80_columns_show_what_matters_most(self) -> None:
        keys = [column.key for column in columns_that_fit(74)]
        assert set(self.IMPORTANT) <= set(keys)
        assert "user" in keys

    def test_a_wider_row_never_shows_less(self) -> None:
        for gpus in (False, True):
            counts = [len(columns_that_fit(width, gpus=gpus)) for width in range(0, 250)]
            assert counts == sorted(counts)

    @pytest.mark.parametrize("width", range(20, 220))
    def test_the_command_keeps_some_room(self, width: int) -> None:
        used = frozenset(column.key for column in COLUMNS)
        columns = columns_that_fit(width, used=used)
        taken = sum(column.width + 1 for column in columns[:-1])
        assert width - taken >= (8 if len(columns) > 3 else 6)

    def test_a_machine_without_gpus_has_no_columns_for_them(self) -> None:
        assert not any(column.of_gpus for column in columns_that_fit(250, gpus=False))

    def test_columns_for_what_few_use_come_when_somebody_uses_it(self) -> None:
        quiet = [on_gpu(1, encoder_pct=0.0)]
        assert newly_used(quiet, FACTS, frozenset()) == set()
        busy = [on_gpu(1, encoder_pct=3.0, mig_gpu_instance=7, container="lab")]
        used = newly_used([*quiet, *busy], FACTS, frozenset())
        assert used == {"encoder", "mig", "container"}
        assert newly_used(busy, FACTS, used) == set()
        assert used <= {column.key for column in columns_that_fit(120, used=used)}

    @pytest.mark.parametrize("column", COLUMNS[:-1], ids=lambda column: str(column.key))
    def test_every_cell_is_as_wide_as_its_column(self, column: object) -> None:
        found = next(c for c in COLUMNS if c is column)
        known = on_gpu(
            4_194_304,
            15,
            user="模型模型模型",
            gpu_use="C+G",
            gpu_memory_bytes=140 * GIB,
            gpu_busy_pct=100.0,
            cpu_pct=12_800.0,
            cpu_time_s=9e6,
            memory_bytes=1023 * 1024**2,
            threads=32_768,
            state="D",
            container="a-very-long-name\x1b[31m",
            started_at_s=scenes.EPOCH_START_S - 9e6,
        )
        for each in (known, process(1), on_gpu(2)):
            cell = found.cell(each, FACTS)
            assert len(cell) + sum(ord(c) > 0x2E80 and c != "\ufffd" for c in cell) == found.width
            assert "\x1b" not in cell

    def test_a_number_that_is_too_long_is_marked(self) -> None:
        assert BY_KEY["cpu"].cell(process(1, cpu_pct=1e9), FACTS) == "10000…"

    def test_unknown_is_not_the_same_as_no_gpu(self) -> None:
        for key in ("gpu_memory", "busy"):
            assert BY_KEY[key].cell(on_gpu(1), FACTS).strip() == "n/a"
            assert BY_KEY[key].cell(process(1), FACTS).strip() == ""
        assert BY_KEY["cpu"].cell(process(1), FACTS).strip() == "n/a"

    def test_times_are_told_in_what_fits(self) -> None:
        texts = [
            BY_KEY["time"].cell(process(1, cpu_time_s=s), FACTS).strip()
            for s in (24.4, 3725.0, 359_999.0, 360_001.0)
        ]
        assert texts == ["0:24", "1:02:05", "99:59:59", "4 d"]
        started = scenes.EPOCH_START_S
        ages = [
            BY_KEY["age"].cell(process(1, started_at_s=started - s), FACTS).strip()
            for s in (-5.0, 59.0, 7200.0, 86_400.0 * 3)
        ]
        assert ages == ["0 min", "0 min", "2 h", "3 d"]

    def test_shares_are_of_the_card_and_of_the_host(self) -> None:
        facts = Facts(memory_bytes=8 * GIB, gpu_memory_bytes={"GPU-0": 4 * GIB})
        half = on_gpu(1, gpu_memory_bytes=2 * GIB, memory_bytes=2 * GIB)
        assert BY_KEY["gpu_memory_pct"].cell(half, facts) == " 50 %"
        assert BY_KEY["memory_pct"].cell(half, facts) == " 25 %"
        assert BY_KEY["gpu_memory_pct"].cell(half, FACTS).strip() == "n/a"
