"""What a report tells of one workload."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ebbtide.api.timestamps import clock
from ebbtide.cli.figures import amount, money
from ebbtide.cli.report.spans import Span
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.frames import Frame
from ebbtide.planning.scoring.experience import Fared
from ebbtide.planning.scoring.score import Score
from ebbtide.planning.scoring.tiers import TierScore
from ebbtide_policies.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One workload of a report."""

    workload: str
    frames: Sequence[Frame]
    tick: float
    """Seconds from one frame to the next."""
    scores: Mapping[str, Score]
    """Ebbtide's own first, the clairvoyant bound last."""
    remarks: Sequence[Message] = ()
    events: Sequence[Span] = ()
    """What a calendar announced."""
    tiers: Mapping[str, TierScore] = field(default_factory=dict)
    experience: Mapping[str, Fared] = field(default_factory=dict)
    """What modelled signals of experience came to."""

    @property
    def anchor(self) -> str:
        """What its section and its changes are named by; a link can't have every character.

        No namespace has a dot in its name, so that no two workloads are called the same.
        """
        return re.sub(r"[^\w.-]+", "-", self.workload.replace("/", ".", 1))


def answer(one: Planned, said: Words) -> str:
    """How many, when, at what cost: in one sentence."""
    mine = next(iter(one.scores.values()))
    return said["answer"].format(
        peak=max(frame.desired for frame in one.frames),
        span=span(one, said),
        hours=amount(mine.replica_hours),
        cost=said["cost"].format(money(mine.cost)) if mine.cost else "",
    )


def span(one: Planned, said: Words) -> str:
    """From when to when."""
    first, last = (clock(one.frames[i].now, "%Y-%m-%d %H:%M") for i in (0, -1))
    return said["span"].format(first=first, last=last)
