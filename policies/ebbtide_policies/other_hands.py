"""What others do to a fleet, as far as policies have to know."""

from typing import NamedTuple

from ebbtide_policies.lanes import UNLIMITED, Flag, Number


class OtherHands(NamedTuple):
    """What others have done to the fleet, as far as it limits what may be done now."""

    paused: Flag = False
    """Whether its rollout is paused."""
    zero: Flag = False
    """Whether somebody else has scaled it to zero."""
    reset: str = ""
    """Who keeps writing replicas back, where that must not be yielded to; empty when nobody."""
    most: Number = UNLIMITED
    """The most replicas that the autoscaler which carries decisions out may have."""


NO_HANDS = OtherHands()
