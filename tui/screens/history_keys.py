"""The keys of the history screen, and of a comparison opened from it."""

from __future__ import annotations

from textual.binding import Binding

FILTER_HINT = "words that must all occur, such as mlp device:cuda host:box status:failed data:real"


def _key(key: str, action: str, name: str, tooltip: str, display: str | None = None) -> Binding:
    return Binding(
        key, action, name, tooltip=tooltip, id=f"history.{action}", key_display=display, show=True
    )


KEYS = (
    _key("enter", "open", "open", "Show the comparison at the cursor", "enter"),
    _key("slash", "filter", "filter", f"List only some: {FILTER_HINT}", "/"),
    _key("space,m", "mark", "mark", "Mark the comparison at the cursor, or not", "space"),
    _key("u", "unmark", "unmark", "Take all marks off"),
    _key("c", "compare", "compare", "Set the marked comparisons side by side"),
    _key("r", "repeat", "repeat", "Race again with the same settings, on this machine"),
    _key("R", "resume", "resume", "Go on with an interrupted comparison at its next run"),
    _key("e", "export", "export", "Write the marked ones, or this one, into a file for import"),
    _key("i", "import", "import", "Add what another machine exported"),
    _key("d", "delete", "delete", "Delete the marked ones, or this one, after asking"),
    _key("question_mark,f1", "app.help", "help", "Show or hide all keys", "?"),
    _key("escape,q,h", "leave", "back", "Clear the filter, then leave", "esc"),
)
MOVES = (
    Binding("up", "move(-1)", "The comparison above", show=False),
    Binding("down", "move(1)", "The comparison below", show=False),
    Binding("pageup", "page(-1)", "A page up", show=False),
    Binding("pagedown", "page(1)", "A page down", show=False),
    Binding("home", "first", "The newest comparison", show=False),
    Binding("end", "last", "The oldest comparison", show=False),
)

OPEN_KEYS = (
    _key("y", "chart", "chart", "Show the next kind of figures in the chart"),
    _key("e", "export", "export", "Write the report of the comparison into files"),
    _key("r", "repeat", "repeat", "Race again with the same settings, on this machine"),
    _key("question_mark,f1", "app.help", "help", "Show or hide all keys", "?"),
    _key("escape,q,enter", "leave", "back", "Back to the list", "esc"),
)
"""Of one that is open."""
SCROLLING = (
    Binding("up", "scroll(-1)", "Scroll up", show=False),
    Binding("down", "scroll(1)", "Scroll down", show=False),
    Binding("pageup", "page(-1)", "Scroll up by a page", show=False),
    Binding("pagedown", "page(1)", "Scroll down by a page", show=False),
)
