import pytest

from benchmarks.figures import (
    Budget,
    Figure,
    alternating,
    quantile,
    quantile_interval,
    table,
    to_json,
)


def figure(*values: float, budget: Budget | None = None, share: float = 0.5) -> Figure:
    return Figure(name="start", values=values, unit=" ms", digits=1, quantile=share, budget=budget)


def test_a_quantile_lies_between_the_values_around_it() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert quantile([float(n) for n in range(11)], 0.9) == 9.0
    assert quantile([7.0], 0.9) == 7.0


@pytest.mark.parametrize(
    ("count", "share", "low", "high"),
    # The ranks that tables of the sign test list; p90 of few values has no upper bound of its own.
    [(6, 0.5, 1, 6), (10, 0.5, 2, 9), (20, 0.5, 6, 15), (5, 0.5, 1, 5), (44, 0.9, 35, 44)],
)
def test_the_interval_of_a_quantile_is_cut_from_the_ordered_values(
    count: int, share: float, low: int, high: int
) -> None:
    values = [float(n) for n in range(count, 0, -1)]
    assert quantile_interval(values, share) == (low, high)


def test_one_value_is_its_own_interval() -> None:
    assert quantile_interval([4.0], 0.5) == (4.0, 4.0)


@pytest.mark.parametrize(
    ("budget", "result"),
    [
        (Budget(limit=20.0), "kept"),
        (Budget(limit=5.0), "missed"),
        (Budget(limit=11.0), "missed (unclear)"),
        (Budget(limit=13.0), "kept (unclear)"),
        (Budget(limit=5.0, at_least=True), "kept"),
        (Budget(limit=20.0, at_least=True), "missed"),
        (None, ""),
    ],
)
def test_a_result_is_unclear_where_the_interval_holds_the_budget(
    budget: Budget | None, result: str
) -> None:
    assert figure(10.0, 11.5, 12.0, 12.5, 14.0, 15.0, budget=budget).result == result


def test_a_budget_is_kept_by_its_own_limit() -> None:
    assert Budget(limit=2.0).allows(2.0)
    assert Budget(limit=2.0, at_least=True).allows(2.0)


def test_sides_take_turns_in_being_first() -> None:
    assert list(alternating(["a", "b"], 3)) == ["a", "b", "b", "a", "a", "b"]


def test_the_table_shows_figure_spread_budget_and_result() -> None:
    lines = table([figure(10.0, 2_000.0, 30.0, budget=Budget(limit=100.0)), figure(1.0)]).split(
        "\n"
    )
    assert len({len(line) for line in lines}) == 1
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == [
        "start",
        "30.0 ms",
        "10.0 - 2,000.0",
        "10.0 - 2,000.0",
        "3",
        "<= 100 ms",
        "kept (unclear)",
    ]
    assert [cell.strip() for cell in lines[3].strip("|").split("|")][-2:] == ["", ""]


def test_json_keeps_every_value() -> None:
    found = to_json(figure(3.0, 1.0, 2.0, budget=Budget(limit=2.5)))
    assert found["values"] == (3.0, 1.0, 2.0)
    assert (found["value"], found["unit"], found["budget"]) == (2.0, "ms", 2.5)
    assert to_json(figure(1.0))["result"] is None
