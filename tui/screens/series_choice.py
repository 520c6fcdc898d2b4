"""The question which series the history shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.history.quantities import (
    ALL_GPU_QUANTITIES,
    GPU_QUANTITIES,
    HOST_QUANTITIES,
    LIMITS,
    QUANTITIES,
)
from tui.history.recording import ALL_GPUS, Recording, subject_of

_BY_NAME = {quantity.name: quantity for quantity in QUANTITIES}
_NOT_KNOWN = "n/a so far: "
_WHEN_SHOWN = "measured while shown: "
_LIMITS_TITLE = "limits"
_LIMITS_MEANING = "what the driver holds clocks down for"


class SeriesChoice(ModalScreen[frozenset[str] | None]):
    """Answers with the names of the chosen quantities, or with None for the usual ones."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,l,q", "done", "Done", id="series.done"),
        Binding("space", "flip", "Show or hide", id="series.flip"),
        Binding("u", "usual", "Usual", id="series.usual"),
    ]
    DEFAULT_CSS = """
    SeriesChoice {
        align: center middle;
        & > Vertical {
            width: 80;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            border: round $primary;
            background: $panel;
            padding: 0 1;
        }
        & OptionList {
            scrollbar-size-vertical: 1;
            height: auto;
            padding: 0;
            background: $panel;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            &, &:focus {
                border: none;
            }
        }
        & Static {
            dock: bottom;
            height: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            background: $panel;
            color: $text-muted;
        }
    }
    """

    def __init__(self, recording: Recording, gpu: str | None, shown: Iterable[str]) -> None:
        super().__init__()
        self._recording = recording
        self._gpu = gpu
        self._shown = set(shown)

    def compose(self) -> ComposeResult:
        """A list in two groups, of the GPU and of the host."""
        options: list[Option | None] = []
        if self._gpu is not None:
            options += [self._option(quantity.name) for quantity in GPU_QUANTITIES]
            options += [self._option(LIMITS), None]
        if self._recording.has(ALL_GPUS, ALL_GPU_QUANTITIES[0]):
            options += [*(self._option(quantity.name) for quantity in ALL_GPU_QUANTITIES), None]
        options += [self._option(quantity.name) for quantity in HOST_QUANTITIES]
        with Vertical() as box:
            box.border_title = "series of the history"
            yield OptionList(*options)
            yield Static("space shows or hides · u the usual ones · esc done")

    @on(OptionList.OptionSelected)
    def _toggle(self, event: OptionList.OptionSelected) -> None:
        name = str(event.option_id)
        self._shown ^= {name}
        event.option_list.replace_option_prompt(name, self._prompt(name))

    def action_flip(self) -> None:
        """Show or hide the series under the cursor."""
        self.query_one(OptionList).action_select()

    def action_done(self) -> None:
        """Close with what is chosen."""
        self.dismiss(frozenset(self._shown))

    def action_usual(self) -> None:
        """Close with the usual series."""
        self.dismiss(None)

    def _option(self, name: str) -> Option:
        return Option(self._prompt(name), id=name)

    def _prompt(self, name: str) -> Content:
        title, meaning, note = self._words(name)
        mark = "✓" if name in self._shown else " "
        return Content.assemble(f" {mark} {title:<11}", (f"{note}{meaning}", "dim"))

    def _words(self, name: str) -> tuple[str, str, str]:
        """Title, meaning, and what keeps it from being seen at once."""
        if name == LIMITS:
            known = self._gpu is not None and self._recording.has_limits(self._gpu)
            return _LIMITS_TITLE, _LIMITS_MEANING, "" if known else _NOT_KNOWN
        quantity = _BY_NAME[name]
        subject = subject_of(quantity, self._gpu)
        if subject is not None and self._recording.has(subject, quantity):
            return quantity.title, quantity.meaning, ""
        return quantity.title, quantity.meaning, _WHEN_SHOWN if quantity.on_request else _NOT_KNOWN
