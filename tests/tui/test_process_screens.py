import re
import signal
import threading
import time
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
from sensors.readings import ProcessReading, Reading
from tests.fakes import scenes
from tests.fakes.live import Stage, settle
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
        async with shown(page(TRAIN, replace(TRAIN, gpu_index=1)), (100, 50)) as pilot:
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
        async with shown(page(look=lambda _: hidden), (100, 45)) as pilot:
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
            await read(pilot, "two words")
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


def reading_of(second: float, *rows: ProcessReading) -> Reading:
    return replace(scenes.reading(second, gpus=2), processes=rows)


async def taken(pilot: Pilot[None], *readings: Reading) -> str:
    """The screen's text after the page got those readings."""
    assert isinstance(pilot.app.screen, ProcessScreen)
    for reading in readings:
        pilot.app.screen.add(reading)
    await pilot.pause()
    return text_of(pilot)


def dots(text: str) -> int:
    return sum("\u2800" < character <= "\u28ff" for character in text)


class TestLivePage:
    async def test_what_a_hanging_driver_told_before_is_no_value_of_now(self) -> None:
        row = replace(TRAIN, gpu_busy_pct=64.0)
        now, later = (
            replace(reading_of(second, row), taken_at_s=second, gpus_taken_at_s=0.0)
            for second in (0.0, 1.0)
        )
        async with shown(page(), (120, 40)) as pilot:
            assert re.search(r"GPU busy +64 %", await taken(pilot, now))
            assert re.search(r"GPU busy +n/a +max +64 %", await taken(pilot, later))

    async def test_it_goes_on_with_values_maxima_and_curves(self) -> None:
        rising = [
            replace(TRAIN, cpu_pct=cpu, memory_bytes=int(gib * 2**30), gpu_busy_pct=cpu / 2)
            for cpu, gib in ((40.0, 0.5), (180.0, 7.0), (90.0, 2.0))
        ]
        async with shown(page(), (120, 40)) as pilot:
            before = dots(text_of(pilot))
            readings = [reading_of(4.0 * n, row) for n, row in enumerate(rising)]
            text = await taken(pilot, *readings)
            heads = [" ".join(row.split()) for row in text.split("\n")]
            assert any("CPU 90 % max 180 % memory 2.0 GiB max 7.0 GiB" in head for head in heads)
            assert any("GPU mem 3.0 GiB max 3.0 GiB GPU busy 45 % max 90 %" in h for h in heads)
            assert any("90 % of a core" in head for head in heads)
            for words in ("200", "10G", "5G", "100", "1:28 wide"):
                assert words in text, words
            assert dots(text) > before == 0

    async def test_what_several_gpus_are_used_for_is_summed(self) -> None:
        rows = (TRAIN, replace(TRAIN, gpu_index=1, gpu_uuid="GPU-1", gpu_busy_pct=91.0))
        async with shown(page(*rows), (120, 40)) as pilot:
            text = " ".join((await taken(pilot, reading_of(0.0, *rows))).split())
            assert "GPU mem 6.0 GiB max 6.0 GiB" in text
            assert "GPUs busy 149 % max 149 %" in text

    async def test_a_sum_that_is_not_known_in_full_is_unknown(self) -> None:
        rows = (TRAIN, replace(TRAIN, gpu_index=1, gpu_busy_pct=None))
        async with shown(page(*rows), (120, 40)) as pilot:
            text = " ".join((await taken(pilot, reading_of(0.0, *rows))).split())
            assert "GPUs busy n/a max n/a" in text

    async def test_lanes_of_the_gpu_come_only_with_a_gpu(self) -> None:
        host = replace(TRAIN, gpu_index=None, gpu_memory_bytes=None, gpu_busy_pct=None)
        async with shown(page(host), (120, 40)) as pilot:
            assert "GPU" not in await taken(pilot, reading_of(0.0, host))
            assert "GPU busy" in await taken(pilot, reading_of(1.0, TRAIN))
            assert "GPU busy" in await taken(pilot, reading_of(2.0, host))

    async def test_the_end_is_told_with_its_time_and_what_was_drawn_stays(self) -> None:
        at = time.strftime("%H:%M:%S", time.localtime(scenes.EPOCH_START_S + 11))
        async with shown(page(), (80, 24)) as pilot:
            await read(pilot, "state")
            before = await taken(pilot, *(reading_of(float(n), TRAIN) for n in range(11)))
            assert await taken(pilot, reading_of(11.0)) == before
            text = await taken(pilot, reading_of(12.0))
            assert f"process 21407 · ended at {at}" in text
            assert dots(text) == dots(before) > 0
            assert "GPU busy 58 %" in text

    async def test_a_reading_that_was_under_way_as_the_page_opened_ends_nothing(self) -> None:
        async with shown(page()) as pilot:
            text = await taken(pilot, reading_of(0.0), reading_of(1.0, TRAIN), reading_of(2.0))
            assert "ended" not in text

    async def test_a_later_process_of_the_same_id_is_another_one(self) -> None:
        later = replace(TRAIN, started_at_s=scenes.EPOCH_START_S + 5)
        async with shown(page(), (80, 24)) as pilot:
            readings = [reading_of(float(n), later) for n in range(3)]
            assert "process 21407 · ended at" in await taken(pilot, *readings)

    async def test_one_that_only_the_driver_sees_is_not_said_to_have_ended(self) -> None:
        foreign = ProcessReading(pid=7, gpu_index=0, gpu_memory_bytes=2**30)
        async with shown(page(foreign), (80, 24)) as pilot:
            text = await taken(pilot, reading_of(0.0, foreign), reading_of(1.0), reading_of(2.0))
            assert "process 7 · not listed since" in text
            text = await taken(pilot, reading_of(3.0, foreign))
            assert "not listed" not in text

    async def test_no_size_breaks_it(self) -> None:
        huge = replace(TRAIN, cpu_pct=9e5, memory_bytes=2**60, gpu_memory_bytes=2**60)
        async with shown(page(huge), (120, 40)) as pilot:
            sizes = ((20, 5), (200, 5), (38, 12), (76, 12), (120, 50), (20, 50))
            for second, size in enumerate(sizes):
                await pilot.resize_terminal(*size)
                await taken(pilot, reading_of(float(second), huge, replace(huge, gpu_index=1)))
                await press(pilot, "end", "home")

    async def test_from_the_table_it_is_read_on_though_the_screen_is_paused(self) -> None:
        stage = Stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            stage.read(scenes.reading(0.0))
            await settle(pilot)
            stage.app.live.processes.focus()
            selected = stage.app.live.processes.selected
            assert selected is not None
            before = stage.sampler.wanted()
            await press(pilot, "p", "enter")
            await settle(pilot)
            assert stage.sampler.wanted().own_pids == before.own_pids | {selected.pid}
            assert stage.sampler.asked == 1
            stage.read(reading_of(1.0, replace(selected, cpu_pct=77.0)))
            await settle(pilot)
            assert "CPU 77 %" in text_of(pilot)
            await press(pilot, "escape")
            assert stage.sampler.wanted() == before
            stage.read(scenes.reading(2.0))
            await settle(pilot)
            await press(pilot, "enter")
            assert isinstance(pilot.app.screen, ProcessScreen)
