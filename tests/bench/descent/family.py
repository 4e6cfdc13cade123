"""A family of seeded falls: dips, cliffs, slow ebbs and echoes, with all that matters drawn."""

from collections.abc import Callable, Sequence

import numpy as np

from ebbtide_policies.lanes import Lanes
from tests.bench.descent.falls import (
    FLEET,
    Course,
    Fall,
    after_a_surge,
    on_an_ordinary_day,
    points,
)

SIZE = 200


def family(size: int = SIZE) -> Sequence[Fall]:
    """So many falls, one a seed; every kind in turn, two in five are dips."""
    return [_drawn(seed) for seed in range(size)]


def _drawn(seed: int) -> Fall:
    rng = np.random.default_rng(seed)
    kind = _KINDS[seed % len(_KINDS)]
    low = rng.uniform(40.0, 600.0)
    truth = _SHAPES[kind](rng, low)
    past = after_a_surge if rng.random() < 0.5 else on_an_ordinary_day
    return Fall(name=f"family-{seed:03}", kind=kind, truth=truth, before=past(low), lenient=False)


def _corners(rng: np.random.Generator, low: float) -> list[tuple[float, float]]:
    """The way down: at once, or over up to four minutes."""
    late = rng.uniform(0.0, 60.0)
    took = 0.0 if rng.random() < 0.5 else rng.uniform(15.0, 240.0)
    return [(late, FLEET), (late + took, low)]


def _dip(rng: np.random.Generator, low: float) -> Course:
    """Demand goes, and comes back within 2 to 20 minutes, to 60 to 100 % of what it was."""
    down = _corners(rng, low)
    back = down[-1][0] + rng.uniform(2.0, 20.0) * 60
    return points(*down, (back, low), (back + rng.uniform(30, 180), rng.uniform(0.6, 1.0) * FLEET))


def _cliff(rng: np.random.Generator, low: float) -> Course:
    return points(*_corners(rng, low))


def _ebb(rng: np.random.Generator, low: float) -> Course:
    """An excess that decays, with a time constant of 5 to 40 minutes."""
    constant = rng.uniform(5.0, 40.0) * 60
    return lambda seconds: low + (FLEET - low) * np.exp(-np.maximum(seconds, 0.0) / constant)


def _echo(rng: np.random.Generator, low: float) -> Course:
    """A cliff, and up to three crowds that come back for some minutes, each smaller."""
    down = _corners(rng, low)
    at, height = down[-1][0], FLEET - low
    for _ in range(rng.integers(1, 4)):
        at += rng.uniform(3.0, 25.0) * 60
        height *= rng.uniform(0.3, 0.8)
        rise, stay, go = rng.uniform(30, 180), rng.uniform(60, 480), rng.uniform(30, 240)
        down += [(at, low), (at + rise, low + height), (at + rise + stay, low + height)]
        at += rise + stay + go
        down.append((at, low))
    return points(*down)


_KINDS = ("dip", "cliff", "dip", "ebb", "echo")
_SHAPES: dict[str, Callable[[np.random.Generator, float], Callable[[Lanes], Lanes]]] = {
    "dip": _dip,
    "cliff": _cliff,
    "ebb": _ebb,
    "echo": _echo,
}
