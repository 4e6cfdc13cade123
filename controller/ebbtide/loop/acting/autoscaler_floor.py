"""`AutoscalerFloor`: decisions are floors of the autoscaler that owns the target.

Decisions are about the fleet that is held: the larger of the minimum and of the replicas that there
are. Each is written as the minimum, so the autoscaler stays free to have more, and can never let go
of more than one step of the staircase at a time:

- what the autoscaler adds is followed: the minimum rises to the fleet, and is no step;
- a step lowers the minimum below the fleet, by no more than the descent allows;
- what the autoscaler then lets go counts as the step, at the tick that sees it: the soak begins;
- until it has, a minimum that a step has lowered stays, while nothing but the soak holds. Whatever
  else holds (doubt, a freeze, a gate) lifts it to the fleet again.

So the promise of the descent holds for the minimum and for the fleet alike: in any window of one
soak neither falls by more than a step, whatever the autoscaler wants meanwhile.
"""

from dataclasses import replace

from ebbtide.api.capacity_policy.other_hands import ActuatorKind
from ebbtide.loop.acting.actuators import Scale, with_fulfilled
from ebbtide.loop.acting.finalizer import with_finalizer
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, minimum_before
from ebbtide.loop.ports.cluster import Cluster, Json, Resource, Target
from ebbtide.loop.record.ledger import Ledger, Step, mode_is
from ebbtide.loop.reporting.account import Account
from ebbtide.loop.workload import Workload
from ebbtide_policies.contract import Decision
from ebbtide_policies.observation import Fleet, LastStep, Mode


def minimum_after(decision: Decision, minimum: int, last: LastStep | None) -> int:
    """The minimum that a decision comes to, where `minimum` stands and `last` was the last step."""
    if decision.replicas != decision.current:
        return decision.replicas
    lowered = last is not None and last.after == minimum < last.before
    granted = lowered and last is not None and last.before >= decision.current
    return minimum if granted and _only_soaks(decision) else decision.current


def _only_soaks(decision: Decision) -> bool:
    """Whether the soak alone holds: a bound that lifts by itself is named last among equals."""
    return decision.binding.reason == "DescentSoaking"


class AutoscalerFloor(Scale):
    """The real fleet, held by the minimum of one autoscaler."""

    def __init__(self, cluster: Cluster, autoscaler: Autoscaler) -> None:
        super().__init__(cluster)
        self._autoscaler = autoscaler

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """The fleet that is held. What the autoscaler has let go counts as a step taken now."""
        status = workload.resource.status
        ledger = super().ledger(workload, self._as_target(target), mode, now)
        held = max(self._autoscaler.least, target.replicas)
        ledger = replace(
            ledger, fleet=Fleet(current=held, ready=target.ready, rollout=target.rollout)
        )
        recorded = (status.get("replicas") or {}).get("current")
        if ledger.memories and recorded is not None and recorded > held:
            return replace(ledger, last_step=LastStep(now, recorded, held))
        return ledger

    def _as_target(self, target: Target) -> Target:
        """A target whose replicas are the minimum: that is what an intent was about."""
        return replace(target, replicas=self._autoscaler.least)

    def known(self, status: Json, mode: Mode) -> bool:
        """Whether what is on record was written by this actuator, in this mode."""
        return mode_is(status, mode) and status.get("actuator") == ActuatorKind.AUTOSCALER_FLOOR

    def step(self, account: Account, ledger: Ledger) -> Step | None:
        """The step that a decision asks of the minimum; None where it stands there already."""
        decision, minimum = account.outcome.decision, self._autoscaler.least
        wanted = self._possible(minimum_after(decision, minimum, ledger.last_step))
        if wanted == minimum:
            return None
        decided = super().step(account, ledger)
        return decided or Step(account.seen.now, minimum, wanted, follows=True)

    def _possible(self, replicas: int) -> int:
        """What the autoscaler can have as its minimum."""
        least = int(self._autoscaler.kind == "HorizontalPodAutoscaler")
        most = self._autoscaler.maximum
        return max(least, replicas if most is None else min(replicas, most))

    def prepared(self, workload: Workload, step: Step | None) -> Workload:
        """The workload, with the finalizer that has what is written put back."""
        return with_finalizer(self._cluster, workload) if step else workload

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """What Scale records, and the minimum."""
        sections = super().record(workload, memory, ledger, step)
        sections["decisions"] = with_fulfilled(workload.resource.status, self._autoscaler.least)
        one, before = self._autoscaler, minimum_before(self._autoscaler)
        minimum: Json = {"kind": one.kind, "name": one.name, "replicas": one.least}
        minimum |= {} if before is None else {"before": before}
        return sections | {"actuator": ActuatorKind.AUTOSCALER_FLOOR.value, "minimum": minimum}

    def act(self, workload: Workload, target: Target, step: Step) -> None:
        """Patch the minimum, and note on the autoscaler what stood there before."""
        replicas = self._possible(step.after)
        held = Held(workload.key, minimum_before(self._autoscaler), replicas)
        self._cluster.patch_minimum(self._autoscaler, replicas, held)


def holds_for(resource: Resource, autoscaler: Autoscaler) -> bool:
    """Whether an autoscaler's minimum was written for a policy."""
    return autoscaler.held is not None and autoscaler.held.policy == resource.key
