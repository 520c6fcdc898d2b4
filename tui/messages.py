"""What the application is told from outside its own widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from sensors.readings import Reading


class ReadingTaken(Message):
    """The sampler looked at the machine; a newer look replaces one not yet handled."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading

    def can_replace(self, message: Message) -> bool:
        """See `Message.can_replace`."""
        return isinstance(message, ReadingTaken)


class RaceChanged(Message):
    """The race moved on. Its state is cumulative, so a burst needs to be shown once only."""

    def can_replace(self, message: Message) -> bool:
        """See `Message.can_replace`."""
        return isinstance(message, RaceChanged)
