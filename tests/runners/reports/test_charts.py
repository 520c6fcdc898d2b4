from __future__ import annotations

from xml.etree import ElementTree

from runners.reports.charts import charts
from runners.reports.svg import Chart, Point, Series, draw
from runners.spec import Request
from tests.fakes import published
from tests.fakes.finished import finished
from tests.fakes.published import planned, trained
from tests.fakes.training import plan, replayed

SVG = "{http://www.w3.org/2000/svg}"


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(chart))


def texts(chart: Chart) -> list[str]:
    return [text.text or "" for text in drawn(chart).iter(f"{SVG}text")]


def line(*points: tuple[float, float], name: str = "cpu", style: int = 0) -> Series:
    return Series(name=name, points=tuple(Point(x=x, y=y) for x, y in points), style=style)


def test_a_sweep_is_drawn_by_the_value_of_its_axis_with_the_spread() -> None:
    request = Request(workloads=("mlp",), batch_sizes=(16, 64))
    runs = [
        trained("d", (time_s, time_s), samples=64, batch_size=16)
        for times_s in ((3.0, 1.0), (2.0, 1.0), (4.0, 1.5))
        for time_s in times_s
    ]
    chart = charts(replayed(planned(request, trials=3), *runs))[0]

    (series,) = chart.series
    assert [(p.x, p.y, p.low, p.high) for p in series.points] == [
        (16, 3.0, 2.0, 4.0),
        (64, 1.0, 1.0, 1.5),
    ]
    assert chart.is_x_log
    assert {"16", "64", "batch size"} <= set(texts(chart))


def test_times_that_differ_tenfold_get_a_logarithmic_axis() -> None:
    near = charts(replayed(plan("cpu"), finished(9.0, 2.0)))
    far = charts(replayed(plan("cpu"), finished(19.0, 1.0)))

    assert [chart.is_y_log for chart in (*near, *far)] == [False, True]
    assert {"1", "2", "5", "10", "20"} <= set(texts(far[0]))


def test_the_speed_ups_of_a_ladder_stand_about_a_line_at_one() -> None:
    chart = charts(published.model_sizes())[0]

    assert chart.line_at == 1.0
    assert len(chart.series[0].points) == 5
    assert texts(chart)[-1] == "mps against cpu"
    assert any(part.get("class") == "mark" for part in drawn(chart).iter(f"{SVG}line"))


def test_a_sweep_of_one_device_names_it() -> None:
    request = Request(workloads=("mlp",), batch_sizes=(32, 64))
    runs = [trained("d", (1.0, 1.0), samples=128, batch_size=64) for _ in range(2)]
    found = charts(replayed(planned(request), *runs))[0]

    assert [series.name for series in found.series] == ["cpu"]


def test_many_jobs_leave_out_the_chart_of_each_epoch() -> None:
    state = replayed(plan(*(f"cpu {n}" for n in range(9))), *[finished(2.0, 1.0)] * 9)
    assert charts(state) == ()


def test_each_series_has_a_color_a_dash_and_a_mark_of_its_own() -> None:
    chart = Chart(
        title="t",
        x_title="x",
        y_title="y",
        series=tuple(line((1, 1), (2, 2), name=str(n), style=n) for n in range(4)),
        x_ticks=((1, "1"), (2, "2")),
        y_text=str,
    )
    lines = list(drawn(chart).iter(f"{SVG}polyline"))

    assert len({each.get("stroke") for each in lines}) == 4
    assert len({each.get("stroke-dasharray") for each in lines}) == 4
    marks = {part.tag.removeprefix(SVG) for part in drawn(chart).iter()}
    assert {"circle", "polygon", "rect"} <= marks


def test_names_are_escaped_and_close_ticks_left_out() -> None:
    chart = Chart(
        title="<b>",
        x_title="x",
        y_title="y",
        series=(line((1, 1), (2, 3), name="<script>&"),),
        x_ticks=tuple((1 + n / 1000, str(n)) for n in range(1001)),
        y_text=str,
    )

    assert "<script>" not in draw(chart)
    assert texts(chart)[-1] == "<script>&"
    assert len(texts(chart)) < 100


def test_one_value_alone_is_drawn_in_the_middle() -> None:
    chart = Chart(
        title="t",
        x_title="x",
        y_title="y",
        series=(line((5, 1)),),
        x_ticks=((5, "5"),),
        y_text=str,
        is_x_log=True,
        is_y_log=True,
    )
    assert drawn(chart).findall(f"{SVG}circle")
