"""Every key of the screen: the footer, the help panel and the palette are made from this list."""

from __future__ import annotations

from textual.binding import Binding

from runners.workloads import CATALOGUE


def _key(
    key: str, action: str, name: str, tooltip: str, *, display: str | None = None, show: bool = True
) -> Binding:
    return Binding(
        key, action, name, tooltip=tooltip, id=f"racetop.{action}", key_display=display, show=show
    )


def _preset(number: int, workload: str) -> Binding:
    first = number == 1
    return _key(
        str(number),
        f"preset({number})",
        "presets" if first else workload,
        f"Race {workload}; the next keys race the others" if first else f"Race {workload}",
        display=f"1-{len(CATALOGUE)}" if first else None,
        show=first,
    )


KEYS = (
    _key("r", "race", "race", "Start the race again, or the default one"),
    *(_preset(number, name) for number, name in enumerate(CATALOGUE, start=1)),
    _key("x", "stop", "stop", "Stop the race, keeping what is finished"),
    _key("v", "variants", "variants", "Race as-written against tuned on the last device"),
    _key("b", "batch", "batch", "Sweep the batch size, one job at a time"),
    _key("w", "workers", "workers", "Sweep the loader workers, one job at a time"),
    _key("o", "order", "order", "Switch the next race between side by side and in turn"),
    _key("e", "export", "export", "Write the race as JSON, Markdown and HTML files"),
    _key("p,space", "pause", "pause", "Freeze the machine panes while readings go on", display="p"),
    _key(
        "plus,equals_sign", "interval(-1)", "faster", "Look at the machine more often", display="+"
    ),
    _key("minus", "interval(1)", "slower", "Look at the machine less often", display="-"),
    _key("m", "maximize", "maximize", "Show the focused pane alone, or all again (Tab moves)"),
    _key("t", "theme", "theme", "Step through the themes"),
    _key("question_mark,f1", "help", "help", "Show or hide all keys", display="?"),
    _key("q", "quit", "quit", "Leave, asking first while a race runs"),
    # Textual copies the selection with this key; whoever presses it here means to leave.
    Binding("ctrl+c", "quit", "quit", id="racetop.interrupt", show=False, priority=True),
    _key("pagedown", "page(1)", "down", "Scroll the panes down", show=False),
    _key("pageup", "page(-1)", "up", "Scroll the panes up", show=False),
    _key("ctrl+l", "repaint", "repaint", "Draw the whole screen again", show=False),
)
