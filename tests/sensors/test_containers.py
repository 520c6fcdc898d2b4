"""Which container a process runs in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensors.containers import Containers, container_of_group
from tests.fakes.files import write_files

ID = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (f"0::/system.slice/docker-{ID}.scope", ID),
        (f"0::/docker/{ID}", ID),
        (f"12:memory:/docker/{ID}\n3:cpuset:/docker/{ID}\n0::/", ID),
        (f"0::/machine.slice/libpod-{ID}.scope/container", ID),
        (f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", ID),
        (f"0::/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-{ID}.scope", ID),
        (f"0::/kubepods.slice/kubepods-pod1_2.slice/crio-{ID}.scope", ID),
        (f"0::/kubepods/burstable/pod0a1b-22/{ID}", ID),
        (f"0::/docker/{OTHER}/docker/{ID}", ID),
        (f"0::/../{ID}", ID),
        ("4:memory:/lxc/web/system.slice\n0::/", "web"),
        ("0::/lxc.payload.web/system.slice/nginx.service", "web"),
        ("0::/machine.slice/systemd-nspawn@build.service/payload", "build"),
        (r"0::/machine.slice/machine-build\x2dbox.scope/payload", "build-box"),
        (r"0::/machine.slice/machine-qemu\x2d1\x2dwindows.scope", None),
        (f"0::/machine.slice/libpod-conmon-{ID}.scope", None),
        ("0::/lxc.monitor.web", None),
        ("0::/user.slice/user-1000.slice/session-3.scope", None),
        ("0::/", None),
        ("", None),
    ],
)
def test_each_engines_groups_are_known(group: str, expected: str | None) -> None:
    assert container_of_group(group) == expected


def containers(root: Path, groups: dict[str, str]) -> Containers:
    write_files(root, {f"proc/{pid}/cgroup": text for pid, text in groups.items()})
    return Containers(root)


def test_without_a_readable_name_the_id_is_shortened(tmp_path: Path) -> None:
    assert containers(tmp_path, {"7": f"0::/docker/{ID}\n"}).name_of(7) == "0123456789ab"


def test_dockers_name_is_read_where_it_may_be(tmp_path: Path) -> None:
    settings = json.dumps({"ID": ID, "Name": "/brave_curie", "State": {}})
    write_files(tmp_path, {f"var/lib/docker/containers/{ID}/config.v2.json": settings})
    assert containers(tmp_path, {"7": f"0::/docker/{ID}\n"}).name_of(7) == "brave_curie"


@pytest.mark.parametrize("settings", ["", "{", "[]", "{}", '{"Name": ""}'])
def test_settings_that_make_no_sense_leave_the_id(tmp_path: Path, settings: str) -> None:
    write_files(tmp_path, {f"var/lib/docker/containers/{ID}/config.v2.json": settings})
    assert containers(tmp_path, {"7": f"0::/docker/{ID}\n"}).name_of(7) == "0123456789ab"


def test_our_own_container_is_not_named(tmp_path: Path) -> None:
    groups = {"self": f"0::/docker/{ID}\n", "7": f"0::/docker/{ID}/sub\n", "8": f"0::/x/{OTHER}\n"}
    found = containers(tmp_path, groups)
    assert found.name_of(7) is None
    assert found.name_of(8) == "fedcba987654"


def test_a_process_that_is_gone_has_no_container(tmp_path: Path) -> None:
    assert containers(tmp_path, {}).name_of(7) is None
