"""The floor of the framework: a Textual program with one line that changes each second.

The key p puts a second line there and takes it away; q quits.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Label


class HelloWorld(App[None]):
    """One label, one timer, two keys."""

    BINDINGS: ClassVar[list[BindingType]] = [("p", "pause", "pause"), ("q", "quit", "quit")]

    def compose(self) -> ComposeResult:
        """Two lines of text."""
        yield Label("hello, world 0", id="hello")
        yield Label("", id="state")

    def on_mount(self) -> None:
        """Start to count the seconds."""
        self.seconds = 0
        self.set_interval(1.0, self.count)

    def count(self) -> None:
        """Change the first line."""
        self.seconds += 1
        self.query_one("#hello", Label).update(f"hello, world {self.seconds}")

    def action_pause(self) -> None:
        """Change the second line."""
        label = self.query_one("#state", Label)
        label.update("" if str(label.content) else "paused")


if __name__ == "__main__":
    HelloWorld().run()
