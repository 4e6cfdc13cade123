"""`hands`: what others do to the fleet limits what may be done to it now."""

from collections.abc import Iterable

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import NOTHING, UNLIMITED, Flag, Number, where
from ebbtide_policies.observation import Observation


class Hands(Policy[PolicySettings]):
    """A paused rollout, a zero made by hand, a reset that is not yielded to, another's maximum.

    A fleet that somebody has scaled to zero is switched off, as the HPA has it: nothing is done
    until somebody scales it up. A rollout that is paused blocks the way down alone.
    """

    name = "hands"

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """Paces at current replicas for what somebody else has begun, and one ceiling."""
        hands, current = seen.hands, seen.fleet.current
        detail = "the rollout is paused; nothing is let go until it is resumed"
        yield self._held(hands.paused, current, "RolloutPaused", detail)
        detail = "scaled to zero by hand; scale it to one or more to switch it on again"
        yield self._held(hands.zero, current, "ScaledToZero", detail)
        yield Bound(
            Kind.PACE_UP,
            where(hands.zero, current, UNLIMITED),
            self.name,
            "ScaledToZero",
            detail,
        )
        if hands.reset:
            yield Bound(Kind.PACE_DOWN, current, self.name, "ReplicasReset", "{}", (hands.reset,))
        yield Bound(
            Kind.HARD_CEILING,
            hands.most,
            self.name,
            "AutoscalerMaximum",
            "the autoscaler that carries it out has at most {:.0f}",
            (hands.most,),
        )

    def _held(self, stands: Flag, current: Number, reason: str, detail: str) -> Bound:
        return Bound(Kind.PACE_DOWN, where(stands, current, NOTHING), self.name, reason, detail)
