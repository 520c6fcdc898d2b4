from __future__ import annotations

from pathlib import Path

from runners.launching.oom import count_oom_kills


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_version_2_groups_count_in_their_events(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/user/job\n")
    write(
        tmp_path / "sys/fs/cgroup/user/job/memory.events", "oom 9\noom_kill 3\noom_group_kill 0\n"
    )

    assert count_oom_kills(tmp_path) == 3


def test_version_1_groups_count_in_their_control_file(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "4:memory:/job\n1:cpu:/\n0::/\n")
    control = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"
    write(tmp_path / "sys/fs/cgroup/memory/job/memory.oom_control", control)

    assert count_oom_kills(tmp_path) == 2


def test_a_container_sees_its_own_group_at_the_top(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/../outside\n")
    write(tmp_path / "sys/fs/cgroup/memory.events", "oom_kill 5\n")

    assert count_oom_kills(tmp_path) == 5


def test_without_a_group_the_machine_counts(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "proc/vmstat", "nr_free_pages 1\noom_kill 7\n")

    assert count_oom_kills(tmp_path) == 7


def test_a_system_that_does_not_count_is_unknown(tmp_path: Path) -> None:
    assert count_oom_kills(tmp_path) is None
