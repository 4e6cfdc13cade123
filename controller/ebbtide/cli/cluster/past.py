"""The long past of a fleet, from Ebbtide's own metrics, as `ebbtide timeline` tells it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ebbtide.api.timestamps import TO_THE_SECOND, clock
from ebbtide.loop.ports.metrics import Span
from ebbtide.loop.reporting.conditions import is_bad
from ebbtide_policies.demand import MINUTE

if TYPE_CHECKING:
    from ebbtide.adapters.prometheus.past import Turn


class Happening(NamedTuple):
    """Something that happened to one workload."""

    at: float
    """Epoch seconds."""
    workload: str
    what: str
    """A step as `920 -> 874`; else the reason."""
    why: str
    warning: bool = False
    phase: str = ""

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {**self._asdict(), "at": clock(self.at, TO_THE_SECOND)}


def from_metrics(url: str, begin: float, end: float) -> Sequence[Happening]:
    """What Ebbtide's own metrics tell of the time from `begin` to `end`, oldest first.

    Raises:
        InvalidInput: this is no address.
        MetricsUnavailable: it did not answer.

    """
    from ebbtide.adapters.prometheus.past import turns
    from ebbtide.cli.sources import only_source

    span = Span(-(-begin // MINUTE) * MINUTE, end // MINUTE * MINUTE)
    return told(list(turns(only_source(url)["default"], span)))


def told(turns: "Iterable[Turn]") -> Sequence[Happening]:
    """Each turn as a line; a step with the reason that decided in its minute."""
    turns = list(turns)
    whys = {(turn.workload, turn.at): turn.what for turn in turns if turn.kind == "why"}
    lines = (_line(turn, whys.get((turn.workload, turn.at), "")) for turn in turns)
    return sorted((one for one in lines if one), key=lambda one: (one.at, one.workload))


def _line(turn: "Turn", why: str) -> Happening | None:
    at, workload = turn.at, turn.workload
    lines = {
        "step": Happening(at, workload, f"{turn.before:,.0f} -> {turn.number:,.0f}", why),
        "phase": Happening(at, workload, "PhaseChanged", f"-> {turn.what}", phase=turn.what),
        "breach": Happening(at, workload, turn.what, "it decided from here on", warning=True),
        "condition": Happening(at, workload, turn.what, _turned(turn.what), warning=True),
        "sessions": Happening(
            at,
            workload,
            "SessionsDisrupted",
            f"{turn.number:,.0f} live sessions were on pods when they were removed",
            warning=True,
        ),
    }
    return lines.get(turn.kind)


def _turned(condition: str) -> str:
    """What is bad of a condition: some are while they hold, the others while they do not."""
    holds = is_bad({"type": condition, "status": "True"})
    return "it holds from here on" if holds else "it does not hold from here on"


def before_all(
    past: Iterable[Happening], known: Iterable[Happening], events_from: float
) -> Sequence[Happening]:
    """What the metrics tell of times that statuses and events no longer reach back to.

    Those tell it to the second and with its sentence, so they come first wherever they do.
    """
    oldest: dict[str, float] = {}
    for one in known:
        if "->" in one.what:
            oldest[one.workload] = min(one.at, oldest.get(one.workload, one.at))
    return [
        one
        for one in past
        if one.at
        < (oldest.get(one.workload, float("inf")) if "->" in one.what else events_from) - MINUTE
    ]
