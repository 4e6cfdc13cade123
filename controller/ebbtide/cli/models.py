"""The forecasters and policies that this process knows: the house's, and what is installed."""

from collections.abc import Mapping
from importlib.metadata import entry_points

from ebbtide.api.compose import Plugins
from ebbtide.errors import InvalidInput
from ebbtide.forecast.contract import Forecaster
from ebbtide.forecast.seasonal import Seasonal
from ebbtide_policies.contract import Policy

FORECASTERS: Mapping[str, Forecaster] = {"Seasonal": Seasonal()}


def plugins() -> Plugins:
    """The policies that other packages bring, by their entry points.

    Raises:
        InvalidInput: one is installed that is no policy, or can't be loaded.

    """
    found = {}
    for point in entry_points(group="ebbtide.policies"):
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
