"""The form in which every setting of a race can be chosen."""

import re

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from runners.spec import Order
from runners.workloads import Variant
from runners.workloads.catalogue import CATALOGUE, LADDERS
from tests.fakes.live import Stage, settle
from tui.options import OPTIONS
from tui.screens.job_form import JobForm

SIZES = [(160, 48), (120, 40), (80, 24), (40, 10)]


async def form_of(stage: Stage, pilot: Pilot[None]) -> JobForm:
    stage.app.know_accelerator("cuda:0")
    await pilot.press("n")
    await settle(pilot)
    assert isinstance(stage.app.screen, JobForm)
    return stage.app.screen


async def fill(form: JobForm, pilot: Pilot[None], **texts: str) -> None:
    for name, text in texts.items():
        form._fields[name].value = text
    await settle(pilot)


def said(form: JobForm, part: str) -> str:
    return str(form.query_one(f"#form-{part}", Static).content)


@pytest.mark.parametrize("size", SIZES)
async def test_the_field_in_use_and_the_command_are_in_sight_at_every_size(
    size: tuple[int, int],
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        form = await form_of(stage, pilot)
        for _ in range(len(OPTIONS) + 1):
            field = form.focused
            assert field is not None
            shown = form.find_widget(field).visible_region
            assert shown.height == 1
            assert shown.width > 8
            await pilot.press("tab")
            await settle(pilot, 2)
        for part in ("jobs", "command"):
            region = form.find_widget(form.query_one(f"#form-{part}")).visible_region
            assert region.height >= 1


@pytest.mark.parametrize("size", SIZES)
async def test_each_name_stands_whole_beside_its_field(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        form = await form_of(stage, pilot)
        labels = form.query_one("#form-labels", Static)
        names = [name.replace("_", " ") for name in form._fields]
        assert labels.size.height == len(names)
        assert max(map(len, names)) < labels.size.width


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_names_that_do_not_fit_are_not_cut_off_in_silence(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        form = await form_of(stage, pilot)
        await fill(form, pilot, batch_size="1,2,4,8,16,32,64,128,256,512")
        rows = form._compositor.render_strips()
        shown = "".join(segment.text for row in rows for segment in row)
        text = " ".join(shown.replace("│", " ").split())
        for name in (*CATALOGUE, *LADDERS):
            assert name in text.partition("one or several of")[2]
        assert re.search(r"20 jobs: .* and \d+ more", text)


async def test_the_defaults_of_the_workload_stand_in_empty_fields() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        form = await form_of(stage, pilot)
        await fill(form, pilot, workload="resnet63")
        usual = {name: field.placeholder for name, field in form._fields.items()}
        assert (usual["batch_size"], usual["epochs"], usual["trials"]) == ("64", "4", "3")
        assert usual["devices"] == "cpu,cuda:0"
        await fill(form, pilot, workload="ladder")
        assert form._fields["batch_size"].placeholder == "each its own"


async def test_the_command_line_that_does_the_same_is_shown_as_one_types() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        form = await form_of(stage, pilot)
        assert said(form, "command") == "racetop compare fashion-cnn --order together"
        await fill(form, pilot, batch_size="32,64", compile="no,yes", data="my data")
        assert said(form, "jobs") == "no directory 'my data'; --data takes auto, generated, " + (
            "download or a directory with the set"
        )
        await fill(form, pilot, data="generated")
        assert said(form, "command") == (
            "racetop compare fashion-cnn --batch-size 32,64 --no-compile --compile --data generated"
        )
        assert said(form, "jobs").startswith("8 jobs: ")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("workload", "resnet9000", "unknown workload 'resnet9000'"),
        ("devices", "cpu,tpu", "unknown device 'tpu'"),
        ("batch_size", "0", "not a whole number from 1 up"),
        ("compile", "maybe", "neither yes nor no"),
        ("time_budget", "soon", "no time such as 90s"),
    ],
)
async def test_a_wrong_field_says_so_beside_it_and_starts_nothing(
    name: str, text: str, words: str
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        form = await form_of(stage, pilot)
        await fill(form, pilot, **{name: text})
        told, is_wrong = form._meanings.told[name]
        assert words in told
        assert is_wrong
        await pilot.press("enter")
        await settle(pilot)
        assert form.focused is form._fields[name]
        assert words in said(form, "meaning")
        assert stage.workers.started == []


async def test_settings_that_do_not_go_together_are_told_in_words() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        form = await form_of(stage, pilot)
        await fill(form, pilot, workers="0,2", variant="tuned")
        assert "only the as-written loop has loader processes" in said(form, "jobs")
        await pilot.press("f5")
        assert stage.app.screen is form


@pytest.mark.parametrize("key", ["enter", "f5"])
async def test_what_was_chosen_is_what_runs(key: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        form = await form_of(stage, pilot)
        await pilot.press("tab", "tab", "tab", *"tuned", "tab", *"16,32")
        await fill(form, pilot, trials="2")
        await pilot.press(key)
        await settle(pilot)
        assert stage.app.screen is stage.app.live
        assert stage.app.race.request is not None
        assert stage.app.race.request.variants == (Variant.TUNED,)
        assert stage.app.race.request.batch_sizes == (16, 32)
        assert stage.app.race.request.order is Order.IN_TURN
        assert len(stage.workers.started) == 1
        await pilot.press("n")
        await settle(pilot)
        assert stage.app.screen.query(Input)[4].value == "16,32"


async def test_escape_leaves_without_a_race() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await form_of(stage, pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert stage.app.screen is stage.app.live
        assert stage.workers.started == []


async def test_page_keys_go_to_the_last_field_and_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(40, 10)) as pilot:
        form = await form_of(stage, pilot)
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert form.focused is form._fields[OPTIONS[-1].name]
        await pilot.press("pageup", "pageup", "pageup")
        assert form.focused is form._fields["workload"]
