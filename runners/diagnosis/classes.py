"""Which class a training is of, by the cut-offs of `thresholds`. Pure.

In this order, and why:

1. Heat or a power limit, then other processes, a quota or the job's own loader processes on its
   cores: they change the figures of all other runs too, so what those say is of a slowed machine.
2. The largest of input, transfer and figures read in each step: they are shares of the same time.
   Input is what goes away when batches cost nothing to make: copies, where there are any, are not
   in it.
3. Launch overhead: what is left is the steps, and they cost the same whatever their size.
4. Mildly input-bound: at most a fifth of the time, so the lesser part of what (3) would say.
5. Compute: nothing else explains the time.

What comes from outside (1) is named only where the whole interval lies beyond its cut-off; where
it straddles, the other runs decide. Of the others an interval that straddles is not decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from runners.diagnosis.figures import Figures, figures_of
from runners.diagnosis.plan import Role, places
from runners.diagnosis.records import Bottleneck, Figure
from runners.diagnosis.thresholds import (
    CONTENDED_SHARE,
    INPUT_SHARE,
    LAUNCH_RATIO,
    MILD_INPUT_SHARE,
    SYNC_SHARE,
    THROTTLED_SHARE,
    TRANSFER_SHARE,
)
from runners.spec import JobSpec
from runners.state import ComparisonState


class Side(Enum):
    """Where a figure lies against a cut-off."""

    BELOW = auto()
    ABOVE = auto()
    ACROSS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A class, and what it hangs on.

    Attributes:
        bottleneck: The class; undecided as long as it hangs on something.
        seems: What it is as far as the medians tell.
        hangs_on: The roles whose runs, repeated, would decide it; none where it is decided.
        is_own_doing: Whether, where it is contended, the job's own loader processes hold cores.
        is_others_doing: Whether, where it is contended, something else holds cores.
    """

    bottleneck: Bottleneck
    seems: Bottleneck
    hangs_on: frozenset[Role] = frozenset()
    is_own_doing: bool = False
    is_others_doing: bool = False

    @property
    def told(self) -> Bottleneck:
        """What is spoken of: the class, or as long as there is none, what it seems to be."""
        is_open = self.bottleneck is Bottleneck.UNDECIDED
        return self.seems if is_open else self.bottleneck


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A job with what was found of it.

    Attributes:
        whole: The job.
        state: The runs of its diagnosis.
        figures: What they came to.
        decision: The class.
    """

    whole: JobSpec
    state: ComparisonState
    figures: Figures
    decision: Decision


_Against = Callable[[Figure, float], Side]
_Open = frozenset[Role]
_TRANSFER = frozenset({Role.AS_IT_IS, Role.HOST_CACHED, Role.CACHED})
_SYNC = frozenset({Role.AS_IT_IS, Role.UNREAD, Role.CACHED})
_LAUNCH = frozenset({Role.TWICE, Role.CACHED})


def decide(figures: Figures) -> Decision | None:
    """The class; None as long as the two runs that it rests on have no figures."""
    if figures.shares.stall is None or figures.input is None:
        return None
    seems, _ = _class(figures, figures.input, _by_value)
    found, hangs_on = _class(figures, figures.input, _by_interval)
    return Decision(
        bottleneck=found,
        seems=seems,
        hangs_on=hangs_on,
        is_own_doing=_is_own_doing(figures),
        is_others_doing=_is_others_doing(figures),
    )


def hangs_on(state: ComparisonState) -> frozenset[int]:
    """Places in the plan of the jobs whose runs, repeated, would decide the verdict.

    Args:
        state: The runs of a diagnosis.
    """
    figures, found = figures_of(state), places(state.plan)
    decision = decide(figures)
    roles = decision.hangs_on if decision else _input(figures)
    if decision is None and not all(role in figures.sample_s for role in roles):
        # What failed in each trial is not tried again.
        return frozenset()
    return frozenset(found[role] for role in roles if role in found)


def _class(figures: Figures, share: Figure, against: _Against) -> tuple[Bottleneck, _Open]:
    """The class by a way to compare with cut-offs, and the roles that it hangs on."""
    outside = _from_outside(figures, against)
    if outside is not None:
        return outside, frozenset()
    largest = _largest_loss(figures, share, against)
    if largest is not None:
        return largest
    ratio = figures.shares.launch_ratio
    side = Side.ABOVE if ratio is None else against(ratio, LAUNCH_RATIO)
    if side is not Side.ABOVE:
        return _told(Bottleneck.LAUNCH, side is Side.BELOW, _LAUNCH)
    side = against(share, MILD_INPUT_SHARE)
    if side is Side.BELOW:
        return Bottleneck.COMPUTE, frozenset()
    return _told(Bottleneck.MILDLY_INPUT, side is Side.ABOVE, _input(figures))


def _input(figures: Figures) -> _Open:
    return frozenset({Role.AS_IT_IS, Role.CACHED, figures.fed or Role.CACHED})


def _told(bottleneck: Bottleneck, is_sure: bool, roles: _Open) -> tuple[Bottleneck, _Open]:
    return (bottleneck, frozenset()) if is_sure else (Bottleneck.UNDECIDED, roles)


def _from_outside(figures: Figures, against: _Against) -> Bottleneck | None:
    throttled, contended = figures.shares.throttled, figures.shares.contended
    if throttled is not None and against(throttled, THROTTLED_SHARE) is Side.ABOVE:
        return Bottleneck.THROTTLED
    if contended is None or against(contended, CONTENDED_SHARE) is not Side.ABOVE:
        return None
    is_known = _is_others_doing(figures) or _is_own_doing(figures)
    return Bottleneck.CONTENDED if is_known else None


def _is_others_doing(figures: Figures) -> bool:
    """Whether cores are lacking also without loader processes, if the job has any."""
    alone = figures.contended_alone
    return not figures.workers or (alone is not None and alone.value > CONTENDED_SHARE)


def _is_own_doing(figures: Figures) -> bool:
    """Whether the job's own loader processes hold the cores that its loop waits for.

    Side by side on cores of their own, loader and loop take as long as the slower of the two. Where
    both together take clearly longer, and lack cores clearly more than the loop alone, they lack
    them for each other.
    """
    contended, alone = figures.shares.contended, figures.contended_alone
    found_s = figures.medians_s(Role.AS_IT_IS, Role.CACHED, Role.LOADER)
    if not figures.workers or found_s is None or contended is None:
        return False
    lacking_alone = alone.value if alone else 0.0
    together_s, *parts_s = found_s
    is_slower = max(parts_s) < (1 - CONTENDED_SHARE) * together_s
    return is_slower and contended.value - lacking_alone > CONTENDED_SHARE


def _largest_loss(
    figures: Figures, share: Figure, against: _Against
) -> tuple[Bottleneck, _Open] | None:
    """The largest of what goes away when a part is left out; None where all is too little."""
    transfer, sync = figures.shares.transfer, figures.shares.sync
    side = against(share, INPUT_SHARE)
    losses = [(share.value, Bottleneck.INPUT, side, _input(figures))]
    if transfer is not None:
        side = against(transfer, TRANSFER_SHARE)
        losses.append((transfer.value, Bottleneck.TRANSFER, side, _TRANSFER))
    if sync is not None:
        losses.append((sync.value, Bottleneck.SYNC, against(sync, SYNC_SHARE), _SYNC))
    losses = [loss for loss in losses if loss[2] is not Side.BELOW]
    if not losses:
        return None
    _, bottleneck, side, roles = max(losses, key=lambda loss: loss[0])
    return _told(bottleneck, side is Side.ABOVE, roles)


def _by_interval(figure: Figure, cut_off: float) -> Side:
    if figure.low is None or figure.high is None:
        return Side.ACROSS
    if figure.low > cut_off:
        return Side.ABOVE
    return Side.BELOW if figure.high < cut_off else Side.ACROSS


def _by_value(figure: Figure, cut_off: float) -> Side:
    return Side.ABOVE if figure.value > cut_off else Side.BELOW
