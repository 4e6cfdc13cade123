"""Which of the variants that were tried is recommended, and those that an objective decides."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ebbtide.api.capacity_policy.objective import TELLING, beside, prior
from ebbtide.cli.simulation.edits import Edit
from ebbtide.planning.tuning.judgement import Measured, recommended
from ebbtide.planning.tuning.objective import CANDIDATES, chosen, told
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


def found_by_objective(searched: Measured, objective: float, days: float) -> Found:
    """What the operator would choose by the same days."""
    usual = CANDIDATES.index(prior(objective))
    evidence = chosen(searched, objective, days, usual=usual)
    best = usual if evidence.candidate is None else evidence.candidate
    return Found(best, 1.0, told(evidence, searched, objective))


def candidates(preset: Mapping[str, Any]) -> Sequence[Sequence[Edit]]:
    """The settings that an objective is kept by, over a preset; what tells them apart is first."""
    return [
        sorted(
            (
                Edit(("policies", policy, field), value)
                for policy, own in beside(preset, settings).items()
                for field, value in own.items()
            ),
            key=lambda edit: (_PLACE.get(edit.path[1:], len(_PLACE)), edit.path),
        )
        for settings in CANDIDATES
    ]
