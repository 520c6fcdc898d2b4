"""Which container a process runs in, as its control group tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sensors.system.files import read_text

SHORT_ID = 12
# Container engines name the group after the container's id, alone or as `docker-<id>.scope`.
# What watches over a container from outside (conmon) has the id in its name as well.
_ID = re.compile(r"(?:^|(?P<engine>[a-z-]+)-)(?P<id>[0-9a-f]{64})(?:\.scope)?$")
_LXC = re.compile(r"lxc\.payload\.(?P<name>.+)$")
_NSPAWN = re.compile(r"systemd-nspawn@(?P<name>.+)\.service$")
_MACHINE = re.compile(r"machine-(?!qemu)(?P<name>.+)\.scope$")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


class Containers:
    """Names the containers of processes. That of this process itself is not named.

    Args:
        root: Folder that stands for `/`.
    """

    def __init__(self, root: Path) -> None:
        self._proc = str(root / "proc")
        self._docker = root / "var/lib/docker/containers"
        self._names: dict[str, str] = {}
        self._own = self._container("self")

    def name_of(self, pid: int) -> str | None:
        """The container's name, or the start of its id where no name can be read."""
        container = self._container(str(pid))
        if container is None or container == self._own:
            return None
        if container not in self._names:
            self._names[container] = self._docker_name(container) or _short(container)
        return self._names[container]

    def _container(self, pid: str) -> str | None:
        return container_of_group(read_text(f"{self._proc}/{pid}/cgroup") or "")

    def _docker_name(self, container: str) -> str | None:
        try:
            settings = json.loads(read_text(self._docker / container / "config.v2.json") or "")
            return str(settings["Name"]).strip("/") or None
        except (ValueError, KeyError, TypeError):
            return None


def container_of_group(text: str) -> str | None:
    """The container in the content of `/proc/PID/cgroup`: its id, or its name where it has one.

    A container within a container is the one that counts.
    """
    for line in text.splitlines():
        folders = line.split(":", 2)[-1].split("/")
        found = None
        for above, folder in zip(["", *folders], folders, strict=False):
            found = _container_in(above, folder) or found
        if found:
            return found
    return None


def _container_in(above: str, folder: str) -> str | None:
    if named := _ID.search(folder):
        watches = (named["engine"] or "").endswith("conmon")
        return None if watches else named["id"]
    if above == "lxc" and folder:
        return folder
    for pattern in (_LXC, _NSPAWN, _MACHINE):
        if named := pattern.match(folder):
            return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), named["name"])
    return None


def _short(container: str) -> str:
    return container[:SHORT_ID] if _ID.search(container) else container
