"""An instant answer with several series, taken by one of their labels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ebbtide.adapters.prometheus.answer import words
from ebbtide.errors import WrongQuery


def by_label(result: Sequence[Any], label: str) -> Mapping[str, float]:
    """Return the number of every series by the value of a label; NaN where it is none.

    Infinity is no number of anything that can be counted.

    Raises:
        WrongQuery: a series lacks the label or shares its value, or it is no such answer.

    """
    found: dict[str, float] = {}
    try:
        for series in result:
            if "histogram" in series:
                raise WrongQuery("answered with histograms: ask for numbers")
            name = str(series["metric"].get(label) or "")
            if not name or name in found:
                raise WrongQuery(_unfit(name, label))
            number = float(series["value"][1])
            found[name] = number if math.isfinite(number) else math.nan
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise WrongQuery(
            f"answered with what is no list of series: {words(result)}. Check the query"
        ) from error
    return found


def _unfit(name: str, label: str) -> str:
    what = f"several series of {label} {words(name)}" if name else f"a series without {label}"
    return f"answered with {what}: aggregate the query, e.g. sum by ({label}) (...)"
