"""The keys of the process table, for when it has the focus."""

from __future__ import annotations

from textual.binding import Binding


def _key(keys: str, action: str, what: str) -> Binding:
    return Binding(keys, action, what, id=f"processes.{action}", show=False)


KEYS = (
    _key("up", "move(-1)", "Select the process above"),
    _key("down", "move(1)", "Select the process below"),
    _key("pageup", "page(-1)", "A page up"),
    _key("pagedown", "page(1)", "A page down"),
    _key("home", "first", "The first process"),
    _key("end", "last", "The last process"),
    _key("s,right,f6", "sort(1)", "Sort by the next column"),
    _key("left", "sort(-1)", "Sort by the column before"),
    _key("i", "invert", "Sort the other way round"),
    _key("slash,f4", "filter", "Choose processes by words"),
    _key("u", "user", "Only processes of the selected one's user, or of all"),
    _key("y,f5", "tree", "Children below their parents, or one list"),
    _key("f", "follow", "Stay with the selected process, or let it go"),
    _key("a", "all", "List all processes of the host, or the busiest only"),
    _key("k,f9", "signal", "Send the selected process a signal, asking first"),
    _key("enter", "details", "All about the selected process, its use over time too"),
    _key("escape", "clear", "Clear the filter"),
)


def hint(*, read_only: bool) -> str:
    """The keys worth knowing, in one line."""
    signal = "" if read_only else " · k signal"
    return f"/ filter · ←→ sort · y tree · f follow · a all{signal} · Enter details"
