"""Which of the variants that were tried is recommended, and those that an objective decides."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ebbtide.api.capacity_policy.objective import TELLING, Settings, beside, prior
from ebbtide.api.capacity_policy.presets import preset_of
from ebbtide.api.capacity_policy.written_settings import as_written, choices, standing
from ebbtide.cli.simulation.edits import Edit
from ebbtide.planning.tuning.judgement import Measured, recommended
from ebbtide.planning.tuning.objective import CANDIDATES, NO_CHOICE, chosen
from ebbtide.planning.tuning.reasons import told
from ebbtide_policies.message import Message

MARGIN = 0.5
"""Share of the objective that may be used up on the past: what comes has more in it."""
_PLACE: Mapping[tuple[str, ...], int] = {path: place for place, path in enumerate(TELLING)}


class Found(NamedTuple):
    """The variant that is recommended, and the share of the objective that it was allowed."""

    best: int
    margin: float
    why: Message | None = None
    """Why, where an objective decides."""


def found_by_margin(searched: Measured, objective: float) -> Found:
    """The cheapest of any variants that keeps the objective with a margin."""
    return Found(recommended(searched, objective, MARGIN), MARGIN)


def found_by_objective(
    searched: Measured, objective: float, days: float, written: Mapping[str, Any]
) -> Found:
    """What the operator would choose for a policy as it is written, by the same days.

    Where they are too few to choose, what is written stays.
    """
    there, tried = choices(CANDIDATES, written), _tried(objective, written)
    held = tried.index(as_written(prior(objective), written))
    if len(tried) == 1:
        return Found(held, 1.0, NO_CHOICE)
    found = Measured(*(column[: len(there)] for column in searched))
    usual = there.index(standing(prior(objective), written))
    evidence = chosen(found, objective, days, usual=usual)
    best = held if evidence.candidate is None else evidence.candidate
    return Found(best, 1.0, told(evidence, found, objective))


def _tried(objective: float, written: Mapping[str, Any]) -> Sequence[Settings]:
    """The settings that are chosen among; behind them what a policy has, if that is another."""
    there, held = choices(CANDIDATES, written), as_written(prior(objective), written)
    return there if held in there else [*there, held]


def candidates(objective: float, written: Mapping[str, Any]) -> Sequence[Sequence[Edit]]:
    """The settings that are tried for an objective, as changes of a policy as it is written.

    What tells them apart is first.
    """
    preset = preset_of(written)
    return [
        sorted(
            (
                Edit(("policies", policy, field), value)
                for policy, own in beside(preset, settings).items()
                for field, value in own.items()
            ),
            key=lambda edit: (_PLACE.get(edit.path[1:], len(_PLACE)), edit.path),
        )
        for settings in _tried(objective, written)
    ]
