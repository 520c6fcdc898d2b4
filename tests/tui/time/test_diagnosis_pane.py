"""The pane of the verdict, row by row."""

from dataclasses import replace

from runners.diagnosis.records import Diagnosis, Tried
from tests.fakes.diagnoses import IN_MEMORY, SAY_SO, diagnosis, gain
from tests.fakes.history_pane import PALETTE, texts
from tui.widgets.time.diagnosis import DiagnosisPane

WIDTH = 70


def rows(
    found: Diagnosis | None = None,
    *tried: Tried,
    height: int = 40,
    trying: bool = False,
    can_try: bool = True,
) -> list[str]:
    pane = DiagnosisPane(can_try=can_try)
    remedy = IN_MEMORY if trying else None
    pane.show(found or diagnosis(), tried=tried, trying=remedy)
    return [row.rstrip() for row in texts(pane.lines(PALETTE, WIDTH, height), WIDTH)]


def test_sentence_remedies_and_evidence_come_in_this_order() -> None:
    assert rows() == [
        "cuda:0 is input-bound: 60 % of its time (55 to 65) waits for the",
        "loader.",
        "1 keep the samples in memory, cut batches by indexing",
        "  predicted at most 2.50× · not tried yet",
        "2 end what else uses the cores",
        "  gain not known · cannot be tried from here",
        "what that rests on",
        "· The loader alone feeds 5,000 samples/s, the device takes 10,000.",
    ]


def test_a_measured_gain_stands_beside_the_predicted_one_with_its_interval() -> None:
    assert "  predicted at most 2.50× · measured 2.40× (2.30 to 2.50×)" in rows(
        None, Tried(remedy=IN_MEMORY, gain=gain(2.4))
    )


def test_no_difference_is_said_in_words() -> None:
    same = Tried(remedy=IN_MEMORY, gain=gain(1.02))
    assert "  predicted at most 2.50× · measured no difference (0.92 to 1.12×)" in rows(None, same)


def test_a_gain_of_few_trials_has_no_interval_and_says_so() -> None:
    few = replace(gain(2.0), low=None, high=None)
    assert "  predicted at most 2.50× · measured 2.00×, no interval" in rows(
        None, Tried(remedy=IN_MEMORY, gain=few)
    )


def test_a_remedy_that_failed_tells_why() -> None:
    full = Tried(remedy=IN_MEMORY, problem="Out of memory.")
    assert "  predicted at most 2.50× · not measured: Out of memory" in rows(None, full)
    words = "Out of memory: 3 GiB asked for, 1 GiB free; free some, or take a smaller batch."
    shown = rows(None, Tried(remedy=IN_MEMORY, problem=words))
    place = shown.index("  predicted at most 2.50×")
    assert shown[place + 1].startswith("  not measured: Out of memory: 3 GiB")
    assert shown[place + 2] == "  or take a smaller batch"


def test_the_one_being_tried_is_named_so() -> None:
    assert "  predicted at most 2.50× · trying …" in rows(trying=True)


def test_where_rows_are_short_evidence_gives_way_and_remedies_stay() -> None:
    many = replace(diagnosis(), evidence=tuple(f"Evidence {n}." for n in range(9)))
    shown = rows(many, height=10)
    assert len(shown) == 10
    assert shown[-5:] == [
        "  gain not known · cannot be tried from here",
        "· Evidence 0.",
        "· Evidence 1.",
        "· Evidence 2.",
        "  … 6 more rows of evidence: Tab to this pane, then m",
    ]
    assert "Evidence" not in " ".join(rows(many, height=6))


def test_of_the_past_commands_stand_in_for_keys() -> None:
    shown = rows(can_try=False)
    assert "· keep the samples in memory, cut batches by indexing" in shown
    assert "  predicted at most 2.50×" in shown
    assert "  racetop compare mlp --devices cuda:0 --variant as-written,tuned" in shown
    assert f"· {SAY_SO.what}" in shown


def test_text_that_is_not_ours_is_data() -> None:
    hostile = replace(diagnosis(), sentence="[bold]\x1b[31m", remedies=())
    assert rows(hostile)[0] == "[bold]�[31m"
