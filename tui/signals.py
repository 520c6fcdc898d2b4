"""What the system tells the program: to leave, that its terminal is gone, to go on after a stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable

from textual.app import App
from textual.driver import Driver


def attend(app: App[None], repaint: Callable[[], None]) -> None:
    """Handle signals from now on, in the event loop; call it when the application is mounted.

    Args:
        app: The application: it leaves on SIGTERM and SIGHUP, the terminal as it was before.
        repaint: Draws the whole screen again, after others may have written to it.
    """
    loop = asyncio.get_running_loop()

    def leave(number: signal.Signals) -> None:
        _forget_dead_terminal()
        app.exit(return_code=128 + number)

    def go_on() -> None:
        _forget_dead_terminal()  # The system sends SIGCONT, too, when it hangs up.
        if app._driver is not None and app._driver.can_suspend:
            _take_terminal_again(app._driver)
        repaint()

    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave, number)
    loop.add_signal_handler(signal.SIGCONT, go_on)


def _take_terminal_again(driver: Driver) -> None:
    """Set all modes of the terminal anew.

    After a stop that could not be seen coming (SIGSTOP) Textual would start a second thread for
    the keys, and take the raw mode for what has to be restored in the end.
    """
    saw_it_coming = getattr(driver, "_must_signal_resume", False)
    if not saw_it_coming:
        driver.suspend_application_mode()
    driver.resume_application_mode()


def _forget_dead_terminal() -> None:
    """Write to nowhere from now on where the terminal is gone, rather than fail at each write."""
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except termios.error:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
