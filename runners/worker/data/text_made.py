"""The stand-in for text that is not there: deterministic, learnable, made in a moment.

A vocabulary of made-up words, each with a few words that may follow it, some much more often
than others: what comes next can be learned well from what came before, and never fully.
"""

from __future__ import annotations

import zlib

import torch
from torch import Generator, Tensor

VERSION = 1
SIZE_BYTES = 4 * 1024 * 1024

_WORDS = 600
_FOLLOWERS = 8
_SHORTEST, _LONGEST = 2, 9
_WALKS = 512
_SENTENCE_END_SHARE = 0.08
_VOWELS = "aeiou"
_CONSONANTS = "bcdfghjklmnprstvwz"


def generate(seed: int, size: int) -> bytes:
    """Text of lower-case words, the same for the same arguments.

    Args:
        seed: Picks everything random.
        size: Bytes.
    """
    random = Generator().manual_seed(zlib.crc32(f"text/{seed}".encode()))
    words = _words(random)
    followers = torch.randint(_WORDS, (_WORDS, _FOLLOWERS), generator=random)
    # Every word brings three bytes at least: two letters and a space.
    steps = size // ((_SHORTEST + 1) * _WALKS) + 1
    often = 1.0 / torch.arange(1, _FOLLOWERS + 1)
    choices = often.multinomial(steps * _WALKS, replacement=True, generator=random)
    walks = _walk(followers, choices.view(steps, _WALKS), random)
    text = "".join([words[number] for number in walks.flatten().tolist()])
    return text.encode("ascii")[:size]


def _walk(followers: Tensor, choices: Tensor, random: Generator) -> Tensor:
    """Words that follow one another, walks x steps."""
    now = torch.randint(_WORDS, choices.shape[1:], generator=random)
    passed = []
    for chosen in choices:
        now = followers[now, chosen]
        passed.append(now)
    return torch.stack(passed, dim=1)


def _words(random: Generator) -> list[str]:
    """Words of consonants and vowels in turn; some end a sentence."""
    lengths = torch.randint(_SHORTEST, _LONGEST + 1, (_WORDS,), generator=random).tolist()
    draws = torch.randint(1 << 16, (_WORDS, _LONGEST), generator=random).tolist()
    ends = (torch.rand(_WORDS, generator=random) < _SENTENCE_END_SHARE).tolist()
    return [
        "".join(
            letters[draw[i] % len(letters)]
            for i in range(length)
            for letters in (_CONSONANTS if i % 2 == 0 else _VOWELS,)
        )
        + (".\n" if is_end else " ")
        for length, draw, is_end in zip(lengths, draws, ends, strict=True)
    ]
