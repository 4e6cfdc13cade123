"""What came of the fleets of many variants, by the closed form or on the plant itself."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.planning.simulated_fleet.plant import Census, Plant, ready_replicas
from ebbtide_policies.lanes import Lanes, Number


class Fleets(NamedTuple):
    """One column a variant, one row a tick; in replicas, but for the last."""

    asked: Lanes
    ready: Lanes
    paid: Lanes
    """Those that cost money."""
    disrupted: Lanes
    """Sessions that were on a pod when it was removed, or lost."""

    def during(self, ticks: slice) -> "Fleets":
        """Only some of the ticks."""
        return Fleets._make(entry[ticks] for entry in self)

    @classmethod
    def of(cls, each: Sequence[Sequence[Census]]) -> "Fleets":
        """Read the census of each variant's plant."""
        kept = [[(c.asked, c.ready, c.paid, c.disrupted) for c in census] for census in each]
        return cls(*np.array(kept, dtype=np.float64).transpose(2, 1, 0))


def without_sessions(asked: Lanes, boot: int, before: Number | None = None) -> Fleets:
    """Fleets that carry no sessions; a replica is ready `boot` ticks after it is asked for.

    `before` are those that were ready at the first tick; None: what was asked for there.
    """
    first = asked[:1] if before is None else before
    begun = np.broadcast_to(np.asarray(first), (boot, *asked.shape[1:]))
    ready = ready_replicas(np.concatenate((begun, asked)), boot)[boot:]
    return Fleets(asked, ready, asked, np.zeros_like(asked))


def with_sessions(asked: Lanes, times: Lanes, offered: Lanes, plant: Callable[[], Plant]) -> Fleets:
    """Put what each variant asked for on a plant of its own; `offered` are sessions at each tick.

    `plant` makes one that is as it was before the first tick.
    """
    return Fleets.of([lived(plant(), times, column, offered) for column in asked.T])


def lived(plant: Plant, times: Lanes, asked: Lanes, offered: Lanes) -> Sequence[Census]:
    """The census of a plant whose replicas are set at every tick, after it was looked at.

    So does the loop: until then, sessions end and come with what was asked for before.
    """
    steps = zip(times.tolist(), asked.tolist(), offered.tolist(), strict=True)
    return [_step(plant, now, int(count), sessions) for now, count, sessions in steps]


def _step(plant: Plant, now: float, asked: int, offered: float) -> Census:
    before = plant.pods.number.size
    seen = plant.advance(now, before, offered)
    return seen if asked == before else seen.then(plant.advance(now, asked, offered))
