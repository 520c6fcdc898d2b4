import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import OptionList

from sensors.process_page import Parent, ProcessDetails
from sensors.process_signals import OFFERED, Refusal, SignalRefusedError
from sensors.readings import ProcessReading
from tests.fakes import scenes
from tui.screens.confirm import Confirm
from tui.screens.process_page import ProcessScreen
from tui.screens.send_signal import SignalScreen

HOSTILE = "[/x] [bold]\x1b[2J\x1b]0;title\x07 [@click=app.quit]"
TRAIN = ProcessReading(
    pid=21407,
    user="ana",
    gpu_index=0,
    gpu_uuid="GPU-0",
    gpu_use="C",
    gpu_memory_bytes=3 * 1024**3,
    gpu_busy_pct=58.0,
    started_at_s=scenes.EPOCH_START_S,
    state="D",
    command="python train.py",
)
DETAILS = ProcessDetails(
    pid=21407,
    arguments=("python", "train.py", "--name", "two words"),
    executable="/usr/bin/python3",
    working_directory="/home/ana",
    environment={"HOME": "/home/ana", "ODD": HOSTILE},
    nice=0,
    open_files=31,
    threads=12,
    cores=(0, 1, 2, 7),
    cgroup="/user.slice",
    parents=(Parent(pid=900, command="bash"), Parent(pid=1, command="init")),
    unknown={},
)


class FakeSender:
    """Stands in for `send_signal`."""

    def __init__(self, refusing: SignalRefusedError | None = None) -> None:
        self.sent: list[tuple[int, signal.Signals]] = []
        self.refusing = refusing

    def __call__(self, process: ProcessReading, number: signal.Signals) -> None:
        if self.refusing is not None:
            raise self.refusing
        self.sent.append((process.pid, number))


@asynccontextmanager
async def shown(
    screen: Screen[None], size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Pilot[None]]:
    app: App[None] = App()
    async with app.run_test(size=size) as pilot:
        app.push_screen(screen)
        await pilot.pause()
        yield pilot


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def text_of(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def notices(pilot: Pilot[None]) -> str:
    return "\n".join(notice.message for notice in pilot.app._notifications)


class TestSignal:
    async def test_it_says_which_process_and_offers_the_polite_signal_first(self) -> None:
        async with shown(SignalScreen(TRAIN, send=FakeSender())) as pilot:
            text = text_of(pilot)
            for words in ("signal to process 21407", "python train.py", "of ana", "GPU 0: 3.0 GiB"):
                assert words in text
            for offered in OFFERED:
                assert offered.name in text
                assert offered.meaning in text
            assert pilot.app.screen.query_one(OptionList).highlighted == 0
            assert OFFERED[0].number is signal.SIGTERM

    async def test_it_asks_once_more_and_sends_after_yes(self) -> None:
        sender = FakeSender()
        async with shown(SignalScreen(TRAIN, send=sender)) as pilot:
            await press(pilot, "enter")
            assert isinstance(pilot.app.screen, Confirm)
            assert "Send SIGTERM to 21407 python train.py of ana?" in text_of(pilot)
            assert sender.sent == []
            await press(pilot, "y")
            assert sender.sent == [(21407, signal.SIGTERM)]
            assert "Sent SIGTERM to 21407 python train.py" in notices(pilot)
            assert not isinstance(pilot.app.screen, SignalScreen)

    async def test_another_signal_is_chosen_with_the_arrows(self) -> None:
        sender = FakeSender()
        async with shown(SignalScreen(TRAIN, send=sender)) as pilot:
            await press(pilot, "down", "down", "enter", "y")
            assert sender.sent == [(21407, OFFERED[2].number)]

    @pytest.mark.parametrize("keys", [("escape",), ("enter", "n"), ("enter", "escape")])
    async def test_whoever_leaves_sends_nothing(self, keys: tuple[str, ...]) -> None:
        sender = FakeSender()
        async with shown(SignalScreen(TRAIN, send=sender)) as pilot:
            await press(pilot, *keys)
            assert sender.sent == []
            assert notices(pilot) == ""
            assert not isinstance(pilot.app.screen, SignalScreen)

    async def test_one_confirmation_is_enough_for_our_own(self) -> None:
        sender = FakeSender()
        screen = SignalScreen(TRAIN, own="racetop worker: cuda:0", send=sender)
        async with shown(screen) as pilot:
            assert "● racetop worker: cuda:0" in text_of(pilot)
            await press(pilot, "enter")
            assert sender.sent == [(21407, signal.SIGTERM)]

    async def test_a_refusal_is_told_in_words(self) -> None:
        refused = SignalRefusedError(Refusal.NOT_PERMITTED, "It belongs to [/ana].", "Ask [/ana].")
        async with shown(SignalScreen(TRAIN, send=FakeSender(refused))) as pilot:
            await press(pilot, "enter", "y")
            assert "It belongs to [/ana]. Ask [/ana]." in notices(pilot)
            assert not isinstance(pilot.app.screen, SignalScreen)

    @pytest.mark.parametrize("size", [(100, 30), (40, 10), (20, 5)])
    async def test_names_are_neither_markup_nor_terminal_control(
        self, size: tuple[int, int]
    ) -> None:
        hostile = replace(TRAIN, command=HOSTILE * 20, user=HOSTILE, started_at_s=None)
        async with shown(SignalScreen(hostile, send=FakeSender()), size) as pilot:
            assert not set("\x1b\x07") & set(text_of(pilot))
            await press(pilot, "enter")
            assert not set("\x1b\x07") & set(text_of(pilot))
            await press(pilot, "y")
            assert not set("\x1b\x07") & set(notices(pilot))


async def read(pilot: Pilot[None], words: str) -> str:
    """The screen's text once it has those words: they come from a thread."""
    for _ in range(200):
        await pilot.pause(0.01)
        if words in text_of(pilot):
            return text_of(pilot)
    raise AssertionError(f"{words!r} never came:\n{text_of(pilot)}")


def page(
    *rows: ProcessReading, look: Callable[[int], ProcessDetails | None] = lambda _: DETAILS
) -> ProcessScreen:
    return ProcessScreen(rows or (TRAIN,), read=look)


class TestPage:
    async def test_it_shows_all_there_is(self) -> None:
        async with shown(page(TRAIN, replace(TRAIN, gpu_index=1)), (100, 40)) as pilot:
            text = await read(pilot, "/home/ana")
            for words in (
                "process 21407", "python train.py --name 'two words'", "/usr/bin/python3",
                "GPU 0        3.0 GiB, 58 % busy, C", "GPU 1", "waiting for a device", "0-2, 7",
                "threads      12", "open files   31", "/user.slice", "900 bash", "1 init",
                "HOME=/home/ana", "ODD=[/x] [bold]",
            ):  # fmt: skip
                assert words in text, words
            assert not set("\x1b\x07") & set(text)

    async def test_what_may_not_be_read_says_why(self) -> None:
        why = "only its owner and root may see it"
        hidden = ProcessDetails(pid=1, unknown={"environment": why, "working_directory": why})
        async with shown(page(look=lambda _: hidden)) as pilot:
            text = await read(pilot, f"environment  n/a: {why}")
            assert f"folder       n/a: {why}" in text
            assert "n/a: unknown" in text

    async def test_a_process_that_is_gone_says_so_and_keeps_what_was_known(self) -> None:
        async with shown(page(look=lambda _: None)) as pilot:
            text = await read(pilot, "the process has ended")
            assert "python train.py" in text

    async def test_a_process_that_hangs_in_a_device_blocks_neither_page_nor_keys(self) -> None:
        release = threading.Event()

        def hang(pid: int) -> ProcessDetails | None:
            del pid
            release.wait(10)
            return None

        async with shown(page(look=hang)) as pilot:
            assert "reading …" in text_of(pilot)
            await press(pilot, "escape")
            assert not isinstance(pilot.app.screen, ProcessScreen)
            release.set()

    async def test_a_long_environment_is_reached_by_scrolling(self) -> None:
        variables = {f"NAME_{number}": "x" * 100 for number in range(300)}
        many = replace(DETAILS, environment=variables)
        async with shown(page(look=lambda _: many), (60, 15)) as pilot:
            await read(pilot, "/usr/bin/python3")
            await press(pilot, "end")
            await read(pilot, "NAME_299")

    @pytest.mark.parametrize("size", [(30, 8), (20, 5), (3, 2)])
    async def test_no_size_breaks_it(self, size: tuple[int, int]) -> None:
        async with shown(page(), size) as pilot:
            await press(pilot, "down", "pagedown", "escape")
            assert not isinstance(pilot.app.screen, ProcessScreen)

    async def test_a_process_of_which_only_the_id_is_known_has_a_page(self) -> None:
        async with shown(page(ProcessReading(pid=7), look=lambda _: None)) as pilot:
            text = await read(pilot, "the process has ended")
            assert "not visible from here" in text
            assert "n/a" in text
