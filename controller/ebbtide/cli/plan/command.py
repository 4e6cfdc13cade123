"""`ebbtide plan`: what policies would do over a demand, decided by the code of the live loop."""

from collections.abc import Sequence
from typing import Annotated

import typer

from ebbtide.cli.models import plugins
from ebbtide.cli.options import grouped
from ebbtide.cli.plan.destinations import Destinations
from ebbtide.cli.plan.plans import Plan, plans_of
from ebbtide.cli.plan.readiness.options import FromCluster
from ebbtide.cli.plan.readiness.report import readiness
from ebbtide.cli.simulation.options import Replay
from ebbtide.cli.simulation.simulation import Simulation
from ebbtide.planning.demand.what_if import WhatIf


@grouped
def plan(
    replay: Replay,
    destinations: Destinations,
    cluster: FromCluster,
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="YAML: CapacityPolicies, calendars, overrides."),
    ] = None,
) -> None:
    """Replay policies over recorded demand.

    It tells how many replicas there would have been, when, at what cost, and why. Every workload
    is decided on as if its mode were Enforce. Nothing is written to a cluster.

    With --from-cluster it plans what a namespace runs now, and holds the peak against the limits
    of its policies, quotas, the room on nodes and the limits of node pools.
    """
    destinations.check()
    multiples, state = cluster.factors(), cluster.state(policies)
    manifests = replay.edited(state.manifests) if state else replay.manifests(policies or ())
    destinations.check_room(manifests)
    told = replay.supposed()
    recorded = replay.recorded(told, manifests)
    world = replay.world(told, recorded)

    def replayed(times: float) -> Sequence[Plan]:
        demand = recorded.if_it_were(WhatIf(times=times))
        simulation = Simulation(manifests, demand.answer, world, plugins())
        return list(plans_of(simulation, demand, told.scenario.tiers, destinations.said))

    replays = {times: replayed(times) for times in multiples}
    plans = replays[multiples[0]]
    ready = readiness(state, recorded, replays) if state else None
    destinations.write(plans, ready)
    destinations.show(plans, ready)
