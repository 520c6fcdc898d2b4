"""Sends a signal to a process, after asking which and whether it is meant."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from runners.text import printable, shorten
from sensors.process_signals import OFFERED, OfferedSignal, SignalRefusedError, send_signal
from sensors.readings import ProcessReading
from tui import format as fmt
from tui.screens.confirm import Confirm

COMMAND_WIDTH = 200
NAME_WIDTH = 60


class SignalScreen(ModalScreen[None]):
    """Which signal to send a process; it asks once more before one goes to a stranger.

    Args:
        process: Which.
        own: What it is of ours; None where it is not.
        send: Sends the signal; see `sensors.process_signals.send_signal`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Leave without sending", id="signal.leave"),
    ]
    DEFAULT_CSS = """
    SignalScreen {
        align: center middle;
    }
    #signal {
        width: 78;
        max-width: 100%;
        height: 17;
        max-height: 100%;
        border: round $warning;
        background: $panel;
        padding: 0 1;
    }
    #signal-about {
        max-height: 4;
    }
    #signal-list {
        height: 1fr;
        min-height: 1;
        margin: 1 0;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        border: none;
        padding: 0;
        background: $panel;
        background-tint: transparent;
    }
    """

    def __init__(
        self,
        process: ProcessReading,
        *,
        own: str | None = None,
        send: Callable[[ProcessReading, signal.Signals], None] = send_signal,
    ) -> None:
        super().__init__()
        self._process = process
        self._own = own
        self._send = send
        self._name = printable(shorten(own or process.command or "", NAME_WIDTH))

    def compose(self) -> ComposeResult:
        """The process, and the signals there are, the polite one chosen."""
        with Vertical(id="signal") as box:
            box.border_title = Content(f"signal to process {self._process.pid}")
            yield Static(Content("\n".join(self._about())), id="signal-about")
            options = [Option(f"{s.name:<5} {s.meaning}", id=s.name) for s in OFFERED]
            yield OptionList(*options, id="signal-list", markup=False)
            yield Static(f"Enter {'sends' if self._own else 'asks once more'} · Escape leaves")

    def on_mount(self) -> None:
        """Choose the first signal."""
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Send to one of our own; ask before sending to another."""
        event.stop()
        chosen = OFFERED[event.option_index]
        if self._own is not None:
            self._answered(chosen, True)
            return
        whose = f" of {self._process.user}" if self._process.user else ""
        name = printable(f"{self._process.pid} {self._name}{whose}")
        question = f"Send {chosen.number.name} to {name}?"
        self.app.push_screen(Confirm(question), lambda yes: self._answered(chosen, bool(yes)))

    def _answered(self, chosen: OfferedSignal, yes: bool) -> None:
        if yes:
            try:
                self._send(self._process, chosen.number)
            except SignalRefusedError as refused:
                self.notify(
                    printable(str(refused)), title="Not sent", severity="error", markup=False
                )
            else:
                text = f"Sent {chosen.number.name} to {self._process.pid} {self._name}"
                self.notify(text, markup=False)
        self.dismiss()

    def _about(self) -> list[str]:
        process = self._process
        lines = [printable(shorten(process.command or "not visible from here", COMMAND_WIDTH))]
        if self._own is not None:
            lines.append(f"● {printable(self._own)}")
        facts = [f"of {printable(process.user or '?')}"]
        if process.started_at_s is not None:
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.started_at_s))
            facts.append(f"since {since}")
        if process.gpu_index is not None:
            facts.append(f"GPU {process.gpu_index}: {fmt.memory(process.gpu_memory_bytes)}")
        return [*lines, " · ".join(facts)]
