"""The question for a file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class FileQuestion(ModalScreen[Path | None]):
    """Answers with the path that was typed; None where there is none.

    Args:
        title: What it is for.
        meaning: Which file is meant.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave", id="file.leave"),
    ]
    DEFAULT_CSS = """
    FileQuestion {
        align: center middle;
        & > Vertical {
            width: 76;
            max-width: 100%;
            height: auto;
            border: round $primary;
            background: $panel;
            padding: 0 1;
        }
        & Input {
            margin: 1 0;
        }
    }
    """

    def __init__(self, title: str, meaning: str) -> None:
        super().__init__()
        self._title = title
        self._meaning = meaning

    def compose(self) -> ComposeResult:
        """The field, and the keys."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._meaning))
            yield Input(placeholder="path", compact=True)
            yield Static("Enter takes it · Escape leaves", markup=False)

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        path = event.value.strip()
        self.dismiss(Path(path).expanduser() if path else None)
