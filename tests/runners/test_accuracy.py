from __future__ import annotations

import random

import pytest

from runners.accuracy import Accuracy, accuracy, differ, points_apart
from runners.events import EvaluationFinished, Event
from runners.reports.figures import accuracy as in_words
from tests.fakes.training import epoch, plan, replayed


def evaluated(right: int, samples: int) -> list[Event]:
    share = right / samples
    return [
        epoch(1, 1.0),
        EvaluationFinished(
            epoch=1, eval_s=0.1, samples=samples, test_loss=0.1, test_accuracy=share
        ),
    ]


def found(right: int, samples: int) -> Accuracy:
    one = accuracy(replayed(plan("cpu"), evaluated(right, samples)), 0)
    assert one is not None
    return one


def test_before_the_first_test_there_is_no_accuracy() -> None:
    assert accuracy(replayed(plan("cpu"), [epoch(1, 1.0)]), 0) is None


def test_the_noise_is_that_of_a_share_of_so_many_samples() -> None:
    assert found(9931, 10_000).noise == pytest.approx(0.0016, abs=0.0001)
    assert found(500, 1000).noise == pytest.approx(0.0309, abs=0.0001)


@pytest.mark.parametrize("right", [0, 100])
def test_all_right_or_all_wrong_answers_of_few_samples_leave_noise(right: int) -> None:
    assert found(right, 100).noise == pytest.approx(0.0185, abs=0.0001)
    assert not differ(found(right, 100), found(abs(right - 1), 100))


def test_equally_good_models_rarely_differ_and_clearly_better_ones_always() -> None:
    draw = random.Random(2)

    def model(share: float) -> Accuracy:
        return found(sum(draw.random() < share for _ in range(400)), 400)

    assert sum(differ(model(0.9), model(0.9)) for _ in range(100)) <= 12
    assert all(differ(model(0.95), model(0.75)) for _ in range(30))


def test_points_apart_are_no_finer_than_their_noise() -> None:
    assert points_apart(found(9931, 10_000), found(9925, 10_000)) == ("0.06 points", "0.24")
    assert points_apart(found(27, 100), found(39, 100)) == ("12.0 points", "12.7")


def test_an_accuracy_is_no_finer_than_its_noise() -> None:
    assert in_words(found(9931, 10_000)) == "99.31 % ± 0.16"
    assert in_words(found(447, 500)) == "89.4 % ± 2.7"
    assert in_words(None) == "n/a"
