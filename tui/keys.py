"""Every key of the screen: the footer, the help panel and the palette are made from these lists."""

from __future__ import annotations

from textual.binding import Binding

from runners.presets import PRESETS as _PRESETS
from runners.presets import Preset


def _key(
    key: str, action: str, name: str, tooltip: str, *, display: str | None = None, show: bool = True
) -> Binding:
    return Binding(
        key, action, name, tooltip=tooltip, id=f"racetop.{action}", key_display=display, show=show
    )


def _preset(number: int, preset: Preset) -> Binding:
    tooltip = f"{preset.name}: {preset.answers}"
    return _key(str(number), f"preset({number})", "preset", tooltip, show=False)


RACE = _key("r", "race", "race", "Start the race again, or the default one")
PRESETS = tuple(_preset(number, name) for number, name in enumerate(_PRESETS, start=1))
_ALL_PRESETS = Binding(
    "1", "command_palette", "presets", key_display=f"1-{len(PRESETS)}", id="racetop.presets"
)
"""Stands for them in the key bar; a click shows them in the palette."""

FORM = _key("n", "form", "new race", "Choose every setting of a race in a form")
STOP = _key("x", "stop", "stop", "Stop the race, keeping what is finished")
DIAGNOSE = _key(
    "d", "diagnose", "diagnose", "Find out what limits the training, and what to change"
)
EXPORT = _key("e", "export", "export", "Write the report of the race into files")
RACE_KEYS = (
    STOP,
    DIAGNOSE,
    _key("v", "variants", "variants", "Race as-written against tuned on the last device"),
    _key("b", "batch", "batch", "Sweep the batch size around the workload's own"),
    _key("w", "workers", "workers", "Sweep the loader workers, one job at a time"),
    _key("u", "tune", "tune", "Try settings briefly, each for itself, and keep those that win"),
    _key("o", "order", "order", "Switch the next race between side by side and in turn"),
    _key("y", "chart", "chart", "Show the next kind of figures in the chart"),
    EXPORT,
)
"""About the race; shown where the race is shown, and working everywhere."""

REMEDIES = tuple(
    _key(
        str(number),
        f"remedy({number})",
        "remedy",
        f"Apply remedy {number} of the diagnosis and measure what it gains",
        show=False,
    )
    for number in (1, 2, 3)
)
"""What these digits do where the time goes is in view; elsewhere they start presets."""
_ALL_REMEDIES = Binding(
    "1",
    "command_palette",
    "try a remedy",
    key_display=f"1-{len(REMEDIES)}",
    id="racetop.remedies",
)

SIGNAL = _key("k", "signal", "signal", "Send the process at the cursor a signal, asking first")
_LINES = _key("l", "choose_series", "lines", "Choose what the history shows")
_ZOOM = _key("z", "zoom(-1)", "zoom", "Show less time, in more detail; Z shows more", display="z Z")
MACHINE_KEYS = (
    _key(
        "right_square_bracket",
        "select_gpu(1)",
        "GPU",
        "Look at the next GPU; [ at the one before",
        display="[ ]",
    ),
    _key(
        "left_square_bracket", "select_gpu(-1)", "GPU before", "Look at the GPU before", show=False
    ),
    _LINES,
    _ZOOM,
    _key("Z", "zoom(1)", "zoom out", "Show more time, in less detail", show=False),
    _key("slash", "filter", "filter", "Show only processes with some text in them", display="/"),
    _key("a", "all_processes", "all", "List all processes of the host, or those that matter"),
    SIGNAL,
    _key("c", "profile", "counters", "Measure SM, tensor and memory activity (Hopper and newer)"),
)
"""About the machine; shown where the machine fills the screen, and working everywhere."""

VIEW = _key("g", "view", "view", "Step on: the machine, the race, where its time goes")
COMMON_KEYS = (
    _key("h", "history", "history", "Past comparisons: open, compare, repeat, resume, pass on"),
    _key("p,space", "pause", "pause", "Freeze the machine panes while readings go on", display="p"),
    _key(
        "plus,equals_sign", "interval(-1)", "faster", "Look at the machine more often", display="+"
    ),
    _key("minus", "interval(1)", "slower", "Look at the machine less often", display="-"),
    _key("m", "maximize", "maximize", "Show the focused pane alone, or all again (Tab moves)"),
    _key("t", "theme", "theme", "Step through the themes"),
    _key("question_mark,f1", "help", "help", "Show or hide all keys", display="?"),
    _key("q,ctrl+q", "quit", "quit", "Leave, asking first while a race runs", display="q"),
    # Textual copies the selection with this key; whoever presses it here means to leave.
    Binding("ctrl+c", "quit", "quit", id="racetop.interrupt", show=False, priority=True),
    _key("pagedown", "page(1)", "down", "Scroll the panes down", show=False),
    _key("pageup", "page(-1)", "up", "Scroll the panes up", show=False),
    _key(
        "ctrl+l", "repaint", "repaint", "Take a reading and draw the whole screen again", show=False
    ),
)
KEYS = (RACE, *PRESETS, FORM, *RACE_KEYS, VIEW, *MACHINE_KEYS, *COMMON_KEYS)

IN_RACE_VIEW = (RACE, _ALL_PRESETS, FORM, *RACE_KEYS, VIEW, *COMMON_KEYS)
"""What the key bar shows beside a race."""

IN_MACHINE_VIEW = (RACE, _ALL_PRESETS, FORM, DIAGNOSE, VIEW, *MACHINE_KEYS, *COMMON_KEYS)
"""What the key bar shows where the machine fills the screen."""

IN_TIME_VIEW = (
    *(DIAGNOSE, _ALL_REMEDIES, STOP, RACE, FORM, EXPORT, VIEW),
    *(_LINES, _ZOOM, *COMMON_KEYS),
)
"""What the key bar shows where the time goes is in view."""
