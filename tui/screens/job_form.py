"""The form in which every setting of a race can be chosen."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from runners.planning import default_request
from runners.spec import Plan, Request, UsageError, named_workloads
from runners.text import counted
from runners.workloads.catalogue import CATALOGUE, LADDERS
from tui.line import Line
from tui.options import OPTIONS, command_line, parse_texts, request_from
from tui.theme import Palette, Role
from tui.widgets.rows import RowsWidget

Filled = tuple[str, dict[str, str], Request]
_WORKLOAD = "workload"
_WORKLOAD_MEANING = "one, several with commas between, or a ladder of models"
_LABELS_UP_TO = 90
_KEYS = "enter, F5 start · esc leave · tab ↑↓ move · → takes a suggestion"


class Meanings(RowsWidget):
    """A row for each field: what it means, or what is wrong with it.

    Attributes:
        told: By the names of the fields, the words and whether something is wrong.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, tuple[str, bool]] = {}

    def tell(self, told: dict[str, tuple[str, bool]]) -> None:
        """Show other words."""
        self.told = told
        self.redraw()

    def lines(self, palette: Palette, width: int, height: int) -> list[Line]:
        """See `RowsWidget.lines`."""
        del width, height
        return [
            Line(palette).add(words, Role.BAD if is_wrong else Role.DIM)
            for words, is_wrong in self.told.values()
        ]


class JobForm(ModalScreen[Filled | None]):
    """Answers with the workload, the texts of the options and the request they make."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # First, so that what is typed right after them goes to the next field.
        Binding("tab,down", "app.focus_next", "Down", show=False, priority=True),
        Binding("shift+tab,up", "app.focus_previous", "Up", show=False, priority=True),
        Binding("escape", "leave", "Leave", id="form.leave"),
        Binding("f5", "start", "Start", id="form.start"),
        Binding("pagedown", "jump(8)", "Down", show=False, priority=True),
        Binding("pageup", "jump(-8)", "Up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    JobForm {
        align: center middle;
        & > Vertical {
            width: 116;
            max-width: 100%;
            height: 34;
            max-height: 100%;
            border: round $primary;
            background: $background;
            padding: 0 1;
        }
        & VerticalScroll {
            height: 1fr;
            scrollbar-size-vertical: 1;
        }
        & Horizontal {
            height: auto;
        }
        & #form-labels {
            width: 19;
            height: auto;
            text-wrap: nowrap;
            color: $text-muted;
        }
        & #form-fields {
            width: 26;
            height: auto;
            margin-right: 2;
        }
        & Input {
            background: $panel;
        }
        & #form-keys {
            width: 1fr;
            height: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            color: $text-muted;
        }
        & #form-meaning {
            height: 3;
        }
        & #form-jobs {
            height: 2;
        }
        & #form-command {
            height: auto;
            max-height: 4;
            color: $accent;
        }
        & .-wrong {
            color: $text-error;
            text-style: bold;
        }
    }
    .-low JobForm {
        & #form-meaning {
            display: none;
        }
        & #form-jobs, & #form-command {
            height: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
    }
    .-narrow JobForm, .-tiny JobForm {
        & #form-fields {
            width: 20;
            margin-right: 1;
        }
    }
    """

    def __init__(
        self,
        workload: str,
        texts: Mapping[str, str],
        *,
        accelerator: str | None,
        plan: Callable[[Request], Plan],
    ) -> None:
        """Show the form.

        Args:
            workload: What is in its first field.
            texts: What is in the others, by the names of the options.
            accelerator: The best accelerator of this machine, if there is one.
            plan: Says what a request means here, or raises `UsageError`.
        """
        super().__init__()
        self._texts = {_WORKLOAD: workload, **texts}
        self._accelerator = accelerator
        self._plan = plan
        self._request: Request | None = None
        self._meanings = Meanings()
        names = SuggestFromList([*CATALOGUE, *LADDERS])
        self._fields = {
            name: Input(
                self._texts.get(name, ""),
                name=name,
                suggester=names if name == _WORKLOAD else None,
                compact=True,
            )
            for name in (_WORKLOAD, *(option.name for option in OPTIONS))
        }
        self._rows = VerticalScroll(can_focus=False)
        self._meaning_now = Static(id="form-meaning", markup=False)
        self._jobs = Static(id="form-jobs", markup=False)
        self._command = Static(id="form-command", markup=False)

    def compose(self) -> ComposeResult:
        """A row for each option, then what it all means."""
        with Vertical() as box:
            box.border_title = "new race · a,b,c compares a, b and c"
            with self._rows, Horizontal():
                labels = "\n".join(name.replace("_", " ") for name in self._fields)
                yield Static(labels, id="form-labels", markup=False)
                yield Vertical(*self._fields.values(), id="form-fields")
                yield self._meanings
            yield self._meaning_now
            yield self._jobs
            yield self._command
            yield Static(_KEYS, id="form-keys", markup=False)

    def on_mount(self) -> None:
        """Begin in the first field."""
        self._look()
        self._fields[_WORKLOAD].focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._texts[str(event.input.name)] = event.value.strip()
        self._look()

    @on(Input.Submitted)
    def action_start(self) -> None:
        """Close with what was chosen, if it can be done; else go to what is wrong."""
        if self._request is not None:
            texts = {option.name: self._texts.get(option.name, "") for option in OPTIONS}
            self.dismiss((self._texts[_WORKLOAD], texts, self._request))
        elif (wrong := next(self._wrong(), None)) is not None:
            self._fields[wrong[0]].focus()

    def action_leave(self) -> None:
        """Close without a race."""
        self.dismiss(None)

    def action_jump(self, rows: int) -> None:
        """Go several fields on, or back."""
        fields = list(self._fields.values())
        place = fields.index(self.focused) if self.focused in fields else 0
        fields[min(max(place + rows, 0), len(fields) - 1)].focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Keep the field in sight with its neighbors."""
        self._rows.scroll_to_widget(event.widget, animate=False)
        self._explain(dict(self._wrong()))

    def _wrong(self) -> Iterator[tuple[str, str]]:
        """Fields that cannot be understood, and why."""
        try:
            named_workloads(self._texts[_WORKLOAD])
        except UsageError as error:
            yield _WORKLOAD, str(error)
        for option in OPTIONS:
            text = self._texts.get(option.name, "")
            try:
                if text:
                    option.parse(text)
            except ArgumentTypeError as error:
                yield option.name, str(error)

    def _look(self) -> None:
        """Say of each field what it means or what is wrong, and what the race would be."""
        wrong = dict(self._wrong())
        self._request = None
        usual = None if _WORKLOAD in wrong else default_request(self._workload, self._accelerator)
        words, command, is_wrong = "Some settings cannot be understood.", "", bool(wrong)
        if not wrong:
            texts = {option.name: self._texts.get(option.name, "") for option in OPTIONS}
            usual = request_from(parse_texts(self._workload, texts), accelerator=self._accelerator)
            command = command_line(self._workload, texts, usual)
            try:
                words, self._request = _in_words(self._plan(usual)), usual
            except UsageError as error:
                words, is_wrong = str(error), True
        self._meanings.tell(
            {name: (wrong.get(name) or self._meaning(name), name in wrong) for name in self._fields}
        )
        self._explain(wrong)
        if usual is not None:
            for option in OPTIONS:
                self._fields[option.name].placeholder = option.usual(usual)
        self._jobs.set_class(is_wrong, "-wrong")
        self._jobs.update(Content(words))
        self._command.update(Content(command))

    def _explain(self, wrong: Mapping[str, str]) -> None:
        """Say in full what the field in use means, or what is wrong with it."""
        name = None if self.focused is None else self.focused.name
        if name in self._fields:
            self._meaning_now.set_class(name in wrong, "-wrong")
            self._meaning_now.update(Content(wrong.get(name) or self._explanation(name)))

    @property
    def _workload(self) -> str:
        return self._texts[_WORKLOAD]

    def _meaning(self, name: str) -> str:
        if name != _WORKLOAD:
            return next(option.meaning for option in OPTIONS if option.name == name)
        names = named_workloads(self._workload)
        return CATALOGUE[names[0]].summary if len(names) == 1 else _WORKLOAD_MEANING

    def _explanation(self, name: str) -> str:
        if name != _WORKLOAD:
            return f"{name.replace('_', ' ')}: {self._meaning(name)}"
        return f"one or several of {', '.join((*CATALOGUE, *LADDERS))}"


def _in_words(plan: Plan) -> str:
    """What would run: as many jobs by name as two lines of 80 columns hold."""
    labels = plan.jobs[0].label
    for number, job in enumerate(plan.jobs[1:], start=1):
        if len(labels) + len(job.label) > _LABELS_UP_TO:
            labels += f" and {len(plan.jobs) - number} more"
            break
        labels += f", {job.label}"
    trials = f", {counted(plan.trials, 'trial')} each" if plan.trials > 1 else ""
    return f"{counted(len(plan.jobs), 'job')}{trials}: {labels}"
