import argparse
import shlex

import pytest

from runners.planning import default_request
from runners.presets import PRESETS
from runners.spec import Order, UsageError
from runners.workloads import Precision, Variant
from tui.options import (
    OPTIONS,
    ComparisonOption,
    add_comparison_options,
    command_line,
    for_workload,
    parse_texts,
    preset_request,
    request_from,
)


def parse(*arguments: str, workload: str = "mlp") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_comparison_options(parser)
    return parser.parse_args(arguments, argparse.Namespace(workload=workload))


def test_without_options_the_cpu_races_the_accelerator() -> None:
    request = request_from(parse(), accelerator="cuda:0")
    assert request.devices == ("cpu", "cuda:0")
    assert request.variants == ()
    assert request.order is Order.TOGETHER


def test_without_an_accelerator_the_cpu_races_itself() -> None:
    request = request_from(parse(), accelerator=None)
    assert request.devices == ("cpu",)
    assert request.variants == (Variant.AS_WRITTEN, Variant.TUNED)


def test_an_axis_that_was_asked_for_gets_no_second_one() -> None:
    options = parse("--batch-size", "32,64,128")
    request = request_from(options, accelerator=None)
    assert request.variants == ()
    assert request.batch_sizes == (32, 64, 128)
    assert request.order is Order.IN_TURN


def test_every_option_reaches_the_request() -> None:
    options = parse(
        *("--devices", "cpu,cuda", "--variant", "tuned", "--batch-size", "16"),
        *("--precision", "bf16", "--workers", "0,2", "--epochs", "3", "--train-samples", "600"),
        *("--test-samples", "100", "--compile", "--trials", "4", "--order", "together"),
        *("--threads", "2", "--seed", "7", "--data", "generated", "--layers"),
        *("--weights", "w.pth", "--time-budget", "10m", "--within", "2.5"),
        *("--persistent-workers", "--no-pin-memory", "--start-method", "spawn"),
    )
    request = request_from(options, accelerator=None)
    assert request.devices == ("cpu", "cuda:0")
    assert (request.variants, request.precisions) == ((Variant.TUNED,), (Precision.BF16,))
    assert (request.batch_sizes, request.workers) == ((16,), (0, 2))
    assert (request.epochs, request.train_samples, request.test_samples) == ((3,), 600, 100)
    assert (request.compiles, request.trials, request.threads) == ((True,), 4, (2,))
    assert (request.seed, request.layers, request.weights) == (7, True, "w.pth")
    assert (request.time_budget_s, request.within_pct) == (600, 2.5)
    assert (request.order, request.data) == (Order.TOGETHER, "generated")
    assert (request.persistent_workers, request.pin_memory) == (True, False)
    assert request.start_method == "spawn"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--devices", "tpu"), "unknown device 'tpu'"),
        (("--variant", "fast"), "as-written, tuned, ideal"),
        (("--precision", "fp8"), "fp32, bf16"),
        (("--batch-size", "0"), "whole number from 1 up"),
        (("--batch-size", "16,,32"), "empty entry"),
        (("--epochs", "2.5"), "whole number from 1 up"),
        (("--workers", "-1"), "whole number from 0 up"),
        (("--order", "random"), "together, in-turn"),
        (("--time-budget", "soon"), "no time such as 90s"),
        (("--within", "0"), "no percentage"),
        (("--start-method", "thread"), "none of: fork, spawn, forkserver"),
    ],
)
def test_a_bad_value_is_refused_with_what_would_do(
    arguments: tuple[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(*arguments)
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_compiled_and_not_is_an_axis_when_both_are_asked_for() -> None:
    request = request_from(parse("--no-compile", "--compile"), accelerator="cuda:0")
    assert request.compiles == (False, True)


@pytest.mark.parametrize(
    ("named", "workloads"),
    [("mlp,cnn5", ("mlp", "cnn5")), ("micro", ("matmul", "resize", "augment", "inference"))],
)
def test_several_workloads_make_a_ladder(named: str, workloads: tuple[str, ...]) -> None:
    request = request_from(parse(workload=named), accelerator="cuda:0")
    assert request.workloads == workloads
    assert request.order is Order.IN_TURN


def test_an_unknown_workload_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="mlp, fashion-cnn, mnist-cnn"):
        request_from(parse(workload="resnet9000"), accelerator=None)


def test_a_command_can_prefer_an_order_but_what_was_asked_for_wins() -> None:
    assert request_from(parse(), accelerator=None, order=Order.IN_TURN).order is Order.IN_TURN
    asked = parse("--order", "together")
    assert request_from(asked, accelerator=None, order=Order.IN_TURN).order is Order.TOGETHER


def test_another_workload_keeps_the_options_but_not_the_axes() -> None:
    options = parse("--batch-size", "32,64", "--epochs", "2", "--devices", "cpu", workload="mlp")
    other = request_from(for_workload(options, "mnist-cnn"), accelerator="cuda:0")
    assert (other.workloads, other.batch_sizes, other.epochs) == (("mnist-cnn",), (), (2,))
    assert other.devices == ("cpu",)
    assert for_workload(options, "mlp") is options


def test_a_baseline_leaves_the_axes_to_the_accelerator() -> None:
    options = parse("--baseline", "cpu", "--batch-size", "32,64")
    request = request_from(options, accelerator="cuda:0")
    assert (request.baseline, request.devices) == ("cpu", ("cuda:0",))
    assert request.order is Order.IN_TURN


def test_a_preset_keeps_its_axes_and_takes_the_other_options() -> None:
    options = parse("--batch-size", "64", "--train-samples", "600", "--data", "generated")
    batches = next(preset for preset in PRESETS if preset.name == "batch sizes")
    request = preset_request(options, batches, "cuda:0")
    assert request.batch_sizes == (32, 100, 256, 512)
    assert (request.train_samples, request.data) == (600, "generated")


def test_devices_named_on_the_command_line_decide_where_a_preset_runs() -> None:
    batches = next(preset for preset in PRESETS if preset.name == "batch sizes")
    assert preset_request(parse("--devices", "cpu"), batches, "cuda:0").devices == ("cpu",)
    other = preset_request(parse("--devices", "cpu,cuda:1"), batches, "cuda:0")
    assert other.devices == ("cpu", "cuda:1")


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_says_what_it_does_and_what_is_usual(option: ComparisonOption) -> None:
    assert option.meaning
    for workload in ("mlp", "ladder", "micro"):
        assert option.usual(default_request(workload, "cuda:0"))


def test_texts_of_a_form_mean_what_the_command_line_means() -> None:
    texts = dict.fromkeys((option.name for option in OPTIONS), "")
    texts |= {"batch_size": "16,32", "compile": "no,yes", "layers": "yes", "fused": "no"}
    arguments = [word for option in OPTIONS for word in option.arguments(texts[option.name])]
    assert arguments == [
        *("--batch-size", "16,32", "--no-compile", "--compile", "--layers", "--no-fused")
    ]
    request = request_from(parse_texts("mlp", texts), accelerator=None)
    assert (request.compiles, request.layers, request.fused) == ((False, True), True, False)


TEXTS = {
    "devices": ("cpu", "cpu,cuda:1", "mps"),
    "baseline": ("cpu",),
    "variant": ("tuned", "as-written, tuned"),
    "batch_size": ("16", "16, 32"),
    "precision": ("bf16", "fp32,bf16"),
    "workers": ("2", "0,2"),
    "persistent_workers": ("yes", "no"),
    "pin_memory": ("yes", "no"),
    "start_method": ("fork", "spawn", "forkserver"),
    "epochs": ("3", "1,5"),
    "train_samples": ("600",),
    "test_samples": ("100",),
    "compile": ("yes", "no", "yes,no", "no, yes"),
    "trials": ("4",),
    "order": ("together", "in-turn"),
    "threads": ("1", "1,2"),
    "seed": ("0", "7"),
    "data": ("auto", "/my data", "-x"),
    "layers": ("yes", "no"),
    "weights": ("/my weights",),
    "channels_last": ("yes", "no"),
    "fused": ("yes", "no"),
    "time_budget": ("90s", "1.5h"),
    "within": ("2.5",),
}


@pytest.mark.parametrize("accelerator", [None, "cuda:0"])
@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts]
)
@pytest.mark.parametrize("workload", ["mlp", "mlp, cnn5", "airbench94"])
def test_the_command_line_of_the_form_asks_for_the_same(
    workload: str, name: str, text: str, accelerator: str | None
) -> None:
    texts = {option.name: "" for option in OPTIONS} | {name: text}
    asked = request_from(parse_texts(workload, texts), accelerator=accelerator)
    words = shlex.split(command_line(workload, texts, asked))
    assert words[:3] == ["racetop", "compare", workload]
    typed = parse(*words[3:], workload=words[2])
    # As the command does.
    assert request_from(typed, accelerator=accelerator, order=Order.IN_TURN) == asked
    assert TEXTS.keys() == {option.name for option in OPTIONS}
