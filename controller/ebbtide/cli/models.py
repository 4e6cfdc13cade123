"""The forecasters and policies that this process knows: the house's, and what is installed."""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import signature

from ebbtide.api.reading.compose import Installed, Plugins
from ebbtide.errors import InvalidInput
from ebbtide.forecast.adjustments.announced import Heeding
from ebbtide.forecast.baselines.dsp import dsp
from ebbtide.forecast.baselines.holt_winters import holt_winters
from ebbtide.forecast.baselines.naive import naive_day, naive_week, persistence
from ebbtide.forecast.baselines.seasonal import Seasonal
from ebbtide.forecast.contract import Forecaster
from ebbtide.forecast.tide.forecaster import Tide
from ebbtide.loop.forecasting.auto_model import nameable
from ebbtide_policies.contract import Policy

Make = Callable[[], Forecaster]
"""Makes a forecaster that has learnt nothing yet."""

HOUSE: Mapping[str, Make] = {
    "Tide": Tide,
    "Seasonal": Seasonal,
    "Persistence": persistence,
    "NaiveDay": naive_day,
    "NaiveWeek": naive_week,
    "HoltWinters": holt_winters,
    "DSP": dsp,
}


def makers() -> Mapping[str, Make]:
    """The house's forecasters, then those that other packages bring by their entry points.

    Raises:
        InvalidInput: one is installed that has a name of the house.

    """
    found = dict(HOUSE)
    for point in _brought("ebbtide.forecasters"):
        if point.name in HOUSE:
            raise InvalidInput(
                f"the forecaster {point.name!r} ({point.value}) has a name of the house"
            )
        found[point.name] = _loading(point.name, point.load)
    return found


def _loading(name: str, load: Callable[[], object]) -> Make:
    """A maker that loads a plug-in only when it is asked for."""

    def make() -> Forecaster:
        try:
            made = load()
            forecaster: Forecaster = made()  # type: ignore[operator]
        except Exception as error:
            raise InvalidInput(f"the forecaster {name!r} can't be loaded: {error}") from error
        if not callable(getattr(forecaster, "forecast", None)):
            raise InvalidInput(f"the forecaster {name!r} has no method `forecast`")
        heeds = "context" in signature(forecaster.forecast).parameters
        return forecaster if heeds else Heeding(forecaster)

    return make


def installed() -> Installed:
    """What a policy can name: the policies that other packages bring, and every forecaster.

    Raises:
        InvalidInput: one is installed that is none, can't be loaded, or has a name of the house.

    """
    return Installed(plugins(), nameable(makers()))


def plugins() -> Plugins:
    """The policies that other packages bring, by their entry points.

    Raises:
        InvalidInput: one is installed that is no policy, or can't be loaded.

    """
    found = {}
    for point in _brought("ebbtide.policies"):
        try:
            policy = point.load()
        except Exception as error:
            raise InvalidInput(f"the policy {point.name!r} can't be loaded: {error}") from error
        if not (isinstance(policy, type) and issubclass(policy, Policy)):
            raise InvalidInput(
                f"the policy {point.name!r} ({point.value}) is no subclass of Policy"
            )
        found[point.name] = policy
    return found


def _brought(group: str) -> Iterable[EntryPoint]:
    """What other packages bring."""
    return _on_path(group, tuple(sys.path))


@cache
def _on_path(group: str, path: tuple[str, ...]) -> Iterable[EntryPoint]:
    """The same, read once: it takes the metadata of every package, and a search asks often."""
    return tuple(entry_points(group=group))
