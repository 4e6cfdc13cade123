"""Demand as people write it in a test or in a scenario: a recording, or points in time."""

import math
import pathlib
from collections.abc import Iterable
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from ebbtide.api.fields.field_types import Name
from ebbtide.api.fields.local_time import LocalTime, moment
from ebbtide.api.fields.rules import Spec, exactly_one
from ebbtide.cli.simulation.demand import EVERY_QUERY, Recorded, from_file
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.quantities import parse_count

_LEAST_POINTS = 2


def _amount(value: object) -> float:
    if not isinstance(value, float):
        return parse_count(value)
    if not 0 <= value < math.inf:
        raise ValueError(f"{value!r} is not a count; write it like 800, 0.5, 5k or 2.4M")
    return value


Amount = Annotated[float, BeforeValidator(_amount)]
"""A count in a file that no API server reads: a fraction needs no quotes here."""


class Demand(Spec):
    """The demand that is given."""

    rules = (exactly_one("csv", "points"),)

    csv: Name | None = Field(None, description="A recording, beside the file: timestamp,value.")
    points: Annotated[dict[LocalTime, Amount], Field(min_length=_LEAST_POINTS)] | None = Field(
        None, description="Demand at some moments; between them it is linear."
    )

    @property
    def moments(self) -> Iterable[str]:
        """The local times in it."""
        return self.points or ()

    def series(self, zone: str) -> DemandSeries:
        """The points as one value a minute, and drawn between them: none was recorded."""
        told = {moment(at, zone): value for at, value in (self.points or {}).items()}
        at = np.array(sorted(told))
        first, last = np.ceil(at[0] / MINUTE) * MINUTE, at[-1]
        grid = np.arange(first, last + 1, MINUTE)
        minutes = np.interp(grid, at, [told[one] for one in at.tolist()])
        return DemandSeries(start=float(first), minutes=minutes, apart=float(last - at[0]))

    def recorded(self, folder: pathlib.Path, zone: str) -> Recorded:
        """The same as it is replayed; a recording stands in this folder."""
        if self.csv:
            return from_file(folder / self.csv)
        series = self.series(zone)
        return Recorded({EVERY_QUERY: series}, series.start, series.end)
