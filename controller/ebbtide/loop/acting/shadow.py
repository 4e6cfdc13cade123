"""The shadow: the fleet that DryRun would have by now. It lives in the status and nowhere else."""

from typing import NamedTuple

from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.acting.actuators import Withheld, decided, last_step_of
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.record.ledger import (
    Ledger,
    Step,
    decisions_in,
    last_step_in,
    memories_in,
    mode_is,
    phase_in,
    with_decision,
)
from ebbtide.loop.reporting.account import Account
from ebbtide.loop.workload import Workload
from ebbtide_policies.observation import Fleet, Mode


class Shadow(Withheld):
    """The fleet that DryRun would have by now: it lives in the status and nowhere else.

    Its pods boot in the workload's lead time. A step is taken by putting it on record.
    """

    rescaled = "DryRunRescale"

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """The shadow on record; at first sight it is what the real fleet is."""
        status = workload.resource.status
        shadow = _shadow_in(status)
        if not shadow or not mode_is(status, mode):
            current = target.replicas
            return Ledger(fleet=Fleet(current=current, ready=current), phase=phase_in(status))
        replicas = int(shadow["replicas"])
        booting = sum(boot.replicas for boot in _boots(shadow) if boot.at > now)
        return Ledger(
            fleet=Fleet(current=replicas, ready=replicas - booting),
            memories=memories_in(shadow),
            last_step=last_step_in(shadow, now),
            phase=phase_in(status),
        )

    def step(self, account: Account, ledger: Ledger) -> Step | None:
        """The change that was decided."""
        return decided(account)

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """The shadow after the step."""
        boots = _boots(_shadow_in(workload.resource.status))
        replicas = int(ledger.fleet.current)
        if step:
            boots = [boot for boot in boots if boot.at > step.at]
            boots = _moved(boots, step, workload.lead_time)
            replicas = step.after
        shadow: Json = {"replicas": replicas, "memory": memory}
        shadow["boots"] = [{"at": stamp(at), "replicas": count} for at, count in boots]
        last = step.as_json() if step else last_step_of(ledger)
        decisions = decisions_in(workload.resource.status)
        if step:
            decisions = with_decision(decisions, step.as_decision())
        return {
            "shadow": shadow | ({"lastStep": last} if last else {}),
            "decisions": decisions,
        }


class _Boot(NamedTuple):
    """Replicas of a shadow that are ready from a moment on."""

    at: float
    replicas: int


def _shadow_in(status: Json) -> Json:
    """The shadow on record; empty when there is none, or none that can be understood."""
    shadow: Json = status.get("shadow") or {}
    return shadow if shadow.get("replicas", -1) >= 0 else {}


def _boots(shadow: Json) -> list[_Boot]:
    timed = [(epoch_or_none(row["at"]), row["replicas"]) for row in shadow.get("boots", [])]
    return [_Boot(at, count) for at, count in timed if at is not None]


def _moved(boots: list[_Boot], step: Step, lead_time: float) -> list[_Boot]:
    """The boots after a step: a rise adds one, a fall takes what has not booted first."""
    if step.after > step.before:
        return [*boots, _Boot(step.at + lead_time, step.after - step.before)]
    gone, left = step.before - step.after, []
    for boot in sorted(boots, reverse=True):
        taken = min(boot.replicas, gone)
        gone -= taken
        if boot.replicas > taken:
            left.append(_Boot(boot.at, boot.replicas - taken))
    return sorted(left)
