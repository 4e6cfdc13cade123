"""What a score says in figures, wherever scores stand beside one another."""

from collections.abc import Callable, Collection, Mapping, Sequence

from ebbtide.cli.figures import NONE_SIGN, amount, figure, money, share
from ebbtide.cli.simulation.comparison import CLAIRVOYANT
from ebbtide.planning.scoring.experience import Fared
from ebbtide.planning.scoring.score import Score

Measure = Callable[[Score], str]
_MEASURES: Mapping[str, Measure] = {
    "replica_hours": lambda one: amount(one.replica_hours),
    "money": lambda one: money(one.cost),
    "idle_hours": lambda one: amount(one.idle),
    "shortfall": lambda one: amount(one.shortfall),
    "worst": lambda one: amount(one.worst_shortfall),
    "unserved": lambda one: share(one.unserved),
    "events": lambda one: f"{one.events:,}",
    "drop": lambda one: f"{one.largest_drop:,.0f}",
}
_CUT_OFF: Mapping[str, Measure] = {"disruptions": lambda one: f"{one.disruptions:,}"}
_BREACHED: Mapping[str, Measure] = {
    "breached": lambda one: NONE_SIGN if one.breached is None else amount(one.breached)
}

_RIVALS = {"HPA, target": "hpa_target", "static peak": "static_peak", CLAIRVOYANT: "clairvoyant"}
"""What rivals are called, and the keys of those words in `translations`."""


def scaler(name: str, words: Mapping[str, str]) -> str:
    """The name of a scaler, that of a rival in the words of a language."""
    for written, key in _RIVALS.items():
        name = name.replace(written, words[key])
    return name


def measures(scores: Collection[Score], *, cut_off: bool) -> Mapping[str, Measure]:
    """The measures of some scores, by their keys in `translations`, sessions cut off if wanted."""
    fared = any(one.breached is not None for one in scores)
    return {**_MEASURES, **(_CUT_OFF if cut_off else {}), **(_BREACHED if fared else {})}


def fared_figures(one: Fared) -> Sequence[str]:
    """What a modelled signal came to: its worst value, its limit, and the minutes beyond that."""
    limit = figure(one.limit, ".4g", NONE_SIGN)
    return [figure(one.worst, ".4g"), limit, amount(one.breached)]
