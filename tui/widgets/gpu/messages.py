"""What the pane of the GPUs says beside figures: its title, why it is empty, what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from sensors.gpu_readings import DriverReading, GpuReading, NvmlState
from sensors.readings import Problem
from tui.line import Line, cut, wrap
from tui.theme import Palette, Role


def title(gpus: Sequence[GpuReading]) -> str:
    """The pane's title: which GPUs these are."""
    if not gpus:
        return "GPU"
    if len(gpus) == 1:
        return f"GPU {gpus[0].index} · {gpus[0].name}"
    names = {gpu.name for gpu in gpus}
    return f"{len(gpus)} GPUs · {names.pop()}" if len(names) == 1 else f"{len(gpus)} GPUs"


def absence(
    driver: DriverReading, problems: Sequence[Problem], palette: Palette, width: int
) -> list[Line]:
    """Why there is no GPU to show, and what to do."""
    if driver.state is NvmlState.STARTING:
        waiting = Line(palette).add("waiting for the NVIDIA driver …", Role.DIM)
        return [waiting, *warnings(problems, palette, width, 2)]
    what = driver.problem or "The NVIDIA driver reports no GPU."
    lines = [Line(palette).add(row) for row in wrap(what, width)]
    return lines + [Line(palette).add(row, Role.DIM) for row in wrap(driver.remedy or "", width)]


def warnings(problems: Sequence[Problem], palette: Palette, width: int, rows: int) -> list[Line]:
    """What could not be read and the remedies, in at most that many rows; a cut is marked."""
    said = " ".join(f"! {problem.what}" for problem in problems)
    remedies = " ".join(problem.remedy for problem in problems if problem.remedy)
    texts = [(row, Role.WARNING) for row in wrap(said, width)]
    texts += [(row, Role.DIM) for row in wrap(remedies, width)]
    if len(texts) > rows:
        last, role = texts[rows - 1]
        texts = [*texts[: rows - 1], (cut(f"{last}…", width), role)]
    return [Line(palette).add(text, role) for text, role in texts]
