"""Figures for people: one sign everywhere for what nobody knows, and one for what there isn't."""

import math

UNKNOWN_SIGN = "?"
"""Nobody knows it. That is not zero, nor is it nothing."""
NONE_SIGN = "-"
"""There is none: no limit, no price, nothing to compare with."""

_LITTLE, _FEW = 0.05, 9.95
_CENT, _LEAST_SHARE = 0.01, 0.00001


def figure(value: float, spec: str = ",.0f", nan: str = UNKNOWN_SIGN) -> str:
    """A number as it is told, a whole one where nothing else is said; and what NaN means here."""
    return nan if math.isnan(value) else format(value, spec)


def amount(value: float) -> str:
    """Replica-hours or -minutes: 1,234, 7.3, <0.1; a little of them is not told as none."""
    if 0 < value < _LITTLE:
        return "<0.1"
    return f"{value:,.1f}" if 0 < value < _FEW else f"{value:,.0f}"


def money(value: float) -> str:
    """A cost: 1,234.50, <0.01; where nobody said a price there is none."""
    if not value:
        return NONE_SIGN
    return "<0.01" if value < _CENT / 2 else f"{value:,.2f}"


def share(value: float) -> str:
    """A share of demand that went unserved: 1.250%, <0.001%."""
    return "<0.001%" if 0 < value < _LEAST_SHARE / 2 else f"{value:.3%}"
