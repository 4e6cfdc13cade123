"""`objective`, `tuning`: what may go wrong, in place of knobs that decide how often it does."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from pydantic import Field

from ebbtide.api.capacity_policy.presets import merged, preset_of
from ebbtide.api.fields.rules import Spec
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.quantities import Share, parse_duration, parse_share, show_share

Settings = Mapping[str, Mapping[str, Any]]
"""Settings of policies as they stand in YAML, by the name of the policy."""

LEAST, MOST = 1e-6, 0.05
"""The strictest and the loosest objective."""


class ObjectiveSpec(Spec):
    """How much of the demand may go unserved."""

    unserved: Share = Field(
        ge=LEAST,
        le=MOST,
        description="Share of the demand that may go unserved. Headroom, width and hold follow "
        "from it, where the policy does not write them itself.",
    )


class Tuning(StrEnum):
    """What becomes of the settings that a workload's own past speaks for."""

    SUGGEST = "Suggest"
    APPLY = "Apply"


def knobs(headroom: float, width: float, slope: str = "30s") -> Settings:
    """Settings for demand that is followed closely: so much to spare, and so many surges.

    How fast it rises is measured over the time of `slope`.
    """
    return {
        "presentNeed": {
            "headroom": show_share(headroom),
            "width": width,
            "widthWindow": "1h",
            "slopeWindow": slope,
            "tolerance": "1%",
        },
        "stabilization": {"window": "1m", "headroom": "0%", "tolerance": "1%"},
        "forecastNeed": {"quantile": 0.5, "headroom": "0%", "tolerance": "1%"},
        "seasonNeed": {"trust": "0%", "tolerance": "1%"},
        "rate": {"share": "100%"},
    }


def bursting(
    headroom: float, window: str, remains: float | None = None, slope: str = "1m"
) -> Settings:
    """Settings for demand that leaps: a fleet several times as large, and fourfold at a time.

    For a while after, what was needed is kept, and so much more of it as `remains`: all, if nothing
    is said.
    """
    usual = knobs(headroom, 0.0, slope)
    return {
        **usual,
        "presentNeed": {**usual["presentNeed"], "tolerance": "2%"},
        "stabilization": kept(headroom if remains is None else remains, window),
        "rate": {"share": "300%"},
    }


def remembering(headroom: float, window: str, remains: float = 0.0) -> Settings:
    """Settings for what is not to be foreseen: what the last burst needed is kept for days.

    So there is time to see how fast demand rises before more is asked for.
    """
    return bursting(headroom, window, remains, slope="5m")


def kept(headroom: float, window: str) -> Mapping[str, Any]:
    """Settings of `stabilization` that keep what was needed, and more, for a while."""
    return {"window": window, "headroom": show_share(headroom), "tolerance": "2%"}


PRIORS: tuple[tuple[float, Settings], ...] = (
    (1e-2, knobs(0.0, 0.0)),
    (3e-3, knobs(0.0, 1.0)),
    (1.5e-3, knobs(0.01, 1.0)),
    (1e-3, knobs(0.02, 1.0)),
    (8e-4, knobs(0.03, 1.0)),
    (6e-4, knobs(0.03, 2.0)),
    (4e-4, knobs(0.05, 2.0)),
    (3e-4, knobs(0.05, 3.0)),
    (1.5e-4, knobs(0.08, 2.0)),
    (1.2e-4, knobs(0.1, 1.0)),
    (1e-4, knobs(0.11, 1.0)),
    (8e-5, knobs(0.13, 1.0)),
    (6e-5, knobs(0.13, 3.0)),
    (5e-5, knobs(0.18, 1.0)),
    (4e-5, knobs(0.3, 3.0)),
    (3e-5, remembering(1.2, "1d")),
    (1e-5, remembering(1.2, "7d")),
    (1e-6, remembering(5.0, "7d", 0.6)),
)
"""Settings for a workload without a past, the loosest objective first.

Down to 1e-4 they are what kept the objective on live viewers. What is rarer still no recording of
a few weeks can tell of, so from there they grow to a fleet that waits for a burst, and keeps what
the last one needed for days.
"""


def prior(unserved: float) -> Settings:
    """The settings for an objective that hold while little is known of a workload."""
    keeping = (settings for level, settings in PRIORS if level <= unserved * (1 + 1e-9))
    return next(keeping, PRIORS[-1][1])


def with_objective(under: Mapping[str, Any], written: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lay the settings that an objective asks for between a preset and what is written.

    An objective that makes no sense is left for validation.
    """
    said = written.get("objective")
    unserved = said.get("unserved") if isinstance(said, Mapping) else None
    try:
        level = parse_share(unserved)
    except ValueError:
        return merged(under, written)
    return merged(merged(under, {"policies": beside(under, prior(level))}), written)


def with_settings(written: Mapping[str, Any], settings: Settings) -> Mapping[str, Any]:
    """A policy with settings in the place of the prior's; what it writes itself wins."""
    return merged({"policies": beside(preset_of(written), settings)}, written)


def beside(preset: Mapping[str, Any], settings: Settings) -> Settings:
    """Settings of an objective beside those of a preset, over which they win but for `rate`.

    How fast a fleet may grow is what its cluster can give: where a preset says so, none asks for
    more.
    """
    paced = "rate" in preset.get("policies", {})
    return {name: own for name, own in settings.items() if not (paced and name == "rate")}


class Reckoned(NamedTuple):
    """What a workload's own past speaks for."""

    settings: Settings
    why: str
    minutes: int
    """Known minutes that it is based on."""
    unserved: float = UNKNOWN
    cost: float = UNKNOWN
    """Replica-hours over those of the settings in force."""


_FIELDS = {name: frozenset(own) for name, own in PRIORS[0][1].items()}
_READ: Mapping[str, Callable[[object], float]] = {
    "headroom": parse_share,
    "share": parse_share,
    "trust": parse_share,
    "tolerance": parse_share,
    "window": parse_duration,
    "widthWindow": parse_duration,
    "slopeWindow": parse_duration,
}
"""How settings that have a unit are read; the others are numbers."""


def decided(settings: Settings) -> bool:
    """Whether these are settings that an objective decides, and no others; and can be read."""
    return all(
        own.keys() <= _FIELDS.get(name, frozenset())
        and all(_readable(key, value) for key, value in own.items())
        for name, own in settings.items()
    )


def _readable(key: str, value: object) -> bool:
    try:
        numeric(key, value)
    except (TypeError, ValueError):
        return False
    return True


def numeric(key: str, value: Any) -> float:
    """The value of a setting, as a number.

    Raises:
        TypeError, ValueError: it is none.

    """
    read: Callable[[Any], float] = _READ.get(key, float)
    return read(value)


TELLING = (
    ("presentNeed", "headroom"),
    ("presentNeed", "width"),
    ("seasonNeed", "trust"),
    ("stabilization", "window"),
    ("stabilization", "headroom"),
    ("presentNeed", "slopeWindow"),
)
"""Fields that tell settings from others; the rest hardly differ."""


def in_words(settings: Settings) -> str:
    """Settings on one line, as paths of those fields that tell them from others."""
    known = [(at, settings[at[0]][at[1]]) for at in TELLING if at[1] in settings.get(at[0], {})]
    return ", ".join(f"{'.'.join(at)} {value}" for at, value in known)


def stricter(one: Settings, other: Settings) -> Settings:
    """Settings that ask for no less than either: of each field the value that asks for more.

    Raises:
        ValueError: a value makes no sense.

    """
    return {
        name: {key: _stricter(key, one, other, name) for key in own}
        for name, own in merged(one, other).items()
    }


def _stricter(key: str, one: Settings, other: Settings, name: str) -> Any:
    values = [own[name][key] for own in (one, other) if key in own.get(name, {})]
    pick = min if key == "tolerance" else max  # what is near enough asks for no more
    return pick(values, key=partial(numeric, key))
