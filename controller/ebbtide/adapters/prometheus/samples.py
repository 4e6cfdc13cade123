"""The samples of an answer, taken out of its text before objects are made of them.

Four weeks of minutes are 40,000 samples. As Python lists they would keep the interpreter to
themselves for a third of a second, and with it every tick that goes on beside.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BEGIN = re.compile(rb'"values"\s*:\s*\[\s*\[')
"""No text of JSON holds this: in there both quotes would stand behind a backslash."""
_END = re.compile(rb"\]\s*\]")
_AROUND = b'[]" \t\r\n'
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b'[],"'))


class Samples(NamedTuple):
    """The samples of one series."""

    moments: NDArray[np.float64]
    """Epoch seconds."""
    values: NDArray[np.float64]


class Condensed(NamedTuple):
    """An answer without its samples."""

    text: bytes
    """With a number in the place of the samples of a series."""
    samples: Sequence[Samples]
    """Those samples, by that number."""


def condensed(text: bytes) -> Condensed:
    """Take the samples of every series out of an answer; what is no list of samples stays."""
    kept: list[bytes] = []
    found: list[Samples] = []
    at = 0
    while begin := _BEGIN.search(text, at):
        end = _END.search(text, begin.end())
        samples = _samples(text[begin.end() - 1 : end.start() + 1]) if end else None
        if end is None or samples is None:
            kept.append(text[at : begin.end()])
            at = begin.end()
            continue
        kept += text[at : begin.start()], b'"values":%d' % len(found)
        found.append(samples)
        at = end.end()
    return Condensed(b"".join([*kept, text[at:]]), found)


def _samples(text: bytes) -> Samples | None:
    """The numbers of `[1,"2"],[3,"4"]`; None where it is anything else."""
    brackets = b",".join([b'[,""]'] * text.count(b"["))
    if text.translate(None, _ALL_BUT_BRACKETS) != brackets:
        return None
    try:
        numbers = np.array([float(each) for each in text.translate(None, _AROUND).split(b",")])
    except ValueError:
        return None
    return Samples(numbers[::2], numbers[1::2])
