"""Shuts the door behind a write whose outcome nobody knows, before anything else is done.

A leader that is frozen between its last check and its write, or cut off, or slow, may send the
write long after its successor has begun. It carries the resourceVersion that was read, so the API
server refuses it once the object has moved on; but a successor that only decides to stay where it
is moves nothing. So, wherever a step is on record that has not come true, the object is moved on
first: no write of an old leader takes effect after its successor's first.

Why this holds. A write is sent only after its intent is on record, and only after leadership was
certain; a successor surveys after that certainty has ended. So it finds the intent, or what has
replaced it. An intent goes from the record in three ways: it was confirmed; it was answered, and
refused (then it is settled); or the door was shut behind it. A fleet with other replicas than those
that the intent began from has moved on already. If the door can't be shut nothing is decided at
this tick, unless it may not be: then the old write, by the same account, may not either.

How an object is moved on without a change. A scale that is written as it is changes nothing, not
even its version; and the right to write all of a Deployment, for an annotation, is one that nobody
should grant for this. But an apply of the replicas that are there, in the name of a field manager
that is new, adds that name to the managers of the field: the version moves, the fleet does not, and
the right is the one to patch a scale. The name goes with the next change of replicas. An autoscaler
carries a note of ours anyway; there the note is rewritten.

A minimum that is put back is such a write too, and its policy may be remade before it arrives. No
status tells of it, as the policy may be gone; so it is noted on the autoscaler before (`leaving`),
and whoever goes on with that minimum takes the note away first.

It costs two calls (a scale is read once more) after a write that was lost, and none otherwise.
Marks on pods need no door: each carries the version of its pod, and moves no capacity.
"""

import logging
from dataclasses import replace

from ebbtide.api.capacity_policy.other_hands import ActuatorKind
from ebbtide.errors import Forbidden, NotFound
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, minimum_before
from ebbtide.loop.ports.cluster import Cluster, Json, Target
from ebbtide.loop.record.ledger import never_taken, open_intent
from ebbtide.loop.record.other_hands import Interference
from ebbtide.loop.workload import Workload
from ebbtide_policies.observation import Mode

log = logging.getLogger("ebbtide.loop")


class Fences:
    """Moves objects on that a step was meant for which has not come true."""

    def __init__(self, cluster: Cluster, max_mode: Mode) -> None:
        """An operator that may write nothing, by its mode, can't shut any door."""
        self._cluster, self._shuts = cluster, max_mode is not Mode.DRY_RUN

    def behind(
        self, workload: Workload, target: Target, interference: Interference
    ) -> tuple[Workload, Target, Interference]:
        """Return all three as they are once nothing of an old intent can take effect any more.

        Raises:
            ClusterUnavailable: nobody knows; so nothing may be decided.

        """
        try:
            staying = self._staying(workload, interference.autoscaler)
            interference = replace(interference, autoscaler=staying)
            return self._behind_step(workload, target, interference)
        except (Forbidden, NotFound) as error:
            log.warning("%s: %s", workload.key, error)
            return workload, target, interference

    def _behind_step(
        self, workload: Workload, target: Target, interference: Interference
    ) -> tuple[Workload, Target, Interference]:
        """All three, once a step on record that has not come true can't any more."""
        status, one = workload.resource.status, interference.autoscaler
        intent = open_intent(status) if self._shuts else None
        floors = status.get("actuator") == ActuatorKind.AUTOSCALER_FLOOR
        there = (one.least if one else None) if floors else target.replicas
        if intent is None or intent["from"] != there:
            return workload, target, interference
        if floors and one:
            interference = replace(interference, autoscaler=self._noted(workload, one, intent))
        else:
            target = self._cluster.fence(target, intent["at"])
        told = "%s: %s -> %s of %s has not come true, and can't any more"
        log.warning(told, workload.key, intent["from"], intent["to"], intent["at"])
        shut = replace(workload.resource, status=never_taken(status))
        workload = replace(workload, resource=shut)
        return workload, target, interference

    def _staying(self, workload: Workload, one: Autoscaler | None) -> Autoscaler | None:
        """The autoscaler, once nobody can put back the minimum that is to stay."""
        held = one.held if one and self._shuts else None
        if one is None or held is None or not held.leaving:
            return one
        stays = self._cluster.patch_minimum(one, one.minimum, held._replace(leaving=""))
        told = "%s: the minimum of %s was being put back at %s; it stays, and that can't come true"
        log.warning(told, workload.key, one, held.leaving)
        return stays

    def _noted(self, workload: Workload, one: Autoscaler, intent: Json) -> Autoscaler:
        """The autoscaler, with the same minimum and another note."""
        note = Held(workload.key, minimum_before(one), one.least, fence=intent["at"])
        return self._cluster.patch_minimum(one, one.minimum, note)
