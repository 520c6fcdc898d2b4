"""The question for a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

Take = Callable[[Path], Awaitable[str | None]]
_NONE_TYPED = "Type the path of a file."


class FileQuestion(ModalScreen[bool]):
    """Stays until a file that was typed is taken, which it answers with, or until it is left.

    Args:
        title: What it is for.
        meaning: Which file is meant.
        take: Takes the file; answers why it cannot, in words, or None.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Leave", id="file.leave"),
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
        & #file-problem {
            color: $text-error;
            margin-bottom: 1;
            display: none;
        }
    }
    """

    def __init__(self, title: str, meaning: str, take: Take) -> None:
        super().__init__()
        self._title = title
        self._meaning = meaning
        self._take = take
        self._problem = Static(id="file-problem", markup=False)

    def compose(self) -> ComposeResult:
        """The field, and the keys."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._meaning))
            yield Input(placeholder="path", compact=True)
            yield self._problem
            yield Static("Enter takes it · Escape leaves", markup=False)

    @on(Input.Changed)
    def _forget_problem(self) -> None:
        self._problem.display = False

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        self._try(event.value.strip())

    @work(group="take", exclusive=True)
    async def _try(self, path: str) -> None:
        problem = await self._take(_expanded(path)) if path else _NONE_TYPED
        if problem is None:
            self.dismiss(True)
        else:
            self._problem.update(problem)
            self._problem.display = True


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        # There is no such user: what is there by that name is meant.
        return Path(path)
