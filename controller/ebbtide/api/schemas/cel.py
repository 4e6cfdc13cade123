"""CEL for the API server: what a schema can't say of the models of the policies package.

Rules of our own resources stand beside their models; a quantity is text to the API server, so its
bounds are reckoned in CEL.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pydantic import BaseModel

from ebbtide.api.capacity_policy.lead_time import LEAD_TIME_PATTERN, show_lead_time
from ebbtide_policies.experience import GateSignal
from ebbtide_policies.limits import LimitSettings
from ebbtide_policies.quantities import (
    COUNT_PATTERN,
    DURATION_PATTERN,
    NEVER,
    PATIENCE_PATTERN,
    SHARE_PATTERN,
    show_count,
    show_duration,
    show_patience,
    show_share,
)
from ebbtide_policies.schedule import Window

Validation = Mapping[str, str]

RULES: Mapping[type[BaseModel], tuple[Validation, ...]] = {
    LimitSettings: (
        {
            "rule": "!has(self.min) || self.min <= self.max",
            "message": "min is above max; lower min or raise max",
        },
    ),
    GateSignal: (
        {
            "rule": "!(has(self.atMost) && has(self.atLeast))",
            "message": "write only one of atMost and atLeast",
        },
        {
            "rule": "has(self.atMost) || has(self.atLeast) || has(self.worseBy)",
            "message": "write atMost, atLeast or worseBy: without them nothing is ever bad",
        },
    ),
    Window: (
        {
            "rule": "has(self.floor) || has(self.ceiling)",
            "message": "a window needs a floor or a ceiling",
        },
        {
            "rule": "self.start != self.end",
            "message": "start and end are the same; for a whole day write 00:00 and 24:00",
        },
    ),
}
"""Rules of models that know nothing of Kubernetes."""


class Quantity(NamedTuple):
    """A quantity that people write as text: how to show it, and how CEL reckons with it."""

    show: Callable[[float], int | str]
    number: str
    """CEL: the text as something that can be compared."""
    literal: Callable[[float], str]
    """CEL: a number of ours as the same."""


_SECONDS = (
    "(self.contains('d') ? double(self.substring(0, self.indexOf('d'))) * 86400.0 : 0.0)"
    " + double(duration((self.contains('d') ? self.substring(self.indexOf('d') + 1) : self) + '0s')"
    ".getMilliseconds()) / 1000.0"
)
"""CEL's own durations know no days; in a bounded one, days stand first."""
_NUMBER = (
    "(type(self) == int ? double(self)"
    " : self.endsWith('k') ? double(self.replace('k', '')) * 1000.0"
    " : self.endsWith('M') ? double(self.replace('M', '')) * 1000000.0"
    " : self.endsWith('G') ? double(self.replace('G', '')) * 1000000000.0"
    " : double(self))"
)

QUANTITIES: Mapping[str, Quantity] = {
    DURATION_PATTERN: Quantity(show_duration, _SECONDS, lambda v: f"{float(v)}"),
    PATIENCE_PATTERN: Quantity(
        show_patience, f"(self == '{NEVER}' ? 1.0e18 : {_SECONDS})", lambda v: f"{float(v)}"
    ),
    LEAD_TIME_PATTERN: Quantity(show_lead_time, _SECONDS, lambda v: f"{float(v)}"),
    SHARE_PATTERN: Quantity(
        show_share, "double(self.replace('%', ''))", lambda v: f"{float(v * 100)}"
    ),
    COUNT_PATTERN: Quantity(show_count, _NUMBER, lambda v: f"{float(v)}"),
}
"""Every quantity by the pattern of its text."""

BOUNDS = {
    "gt": (">", "more than"),
    "ge": (">=", "at least"),
    "lt": ("<", "less than"),
    "le": ("<=", "at most"),
}


def bound(quantity: Quantity, name: str, limit: float) -> Validation:
    """The validation that holds a quantity above or below a limit."""
    sign, words = BOUNDS[name]
    return {
        "rule": f"{quantity.number} {sign} {quantity.literal(limit)}",
        "message": f"has to be {words} {quantity.show(limit)}",
    }


ZONE: Validation = {
    "rule": "!self.contains(':') && self != 'Local'"
    " && timestamp('2000-01-01T00:00:00Z').getHours(self) >= 0",
    "message": "is no time zone; write it like Asia/Shanghai",
}
"""A name that is no time zone is an error of the expression, which refuses it as well.

CEL also takes an offset like +08:00, and the zone of the API server itself: neither is a name.
"""
