"""`ebbtide run`: the operator, in a cluster or beside it."""

import gc
from typing import Annotated

import typer

from ebbtide.cli.cluster.metrics_sources import Sources
from ebbtide.cli.models import HOUSE, makers, plugins
from ebbtide.cli.options import grouped
from ebbtide.cli.run import logs
from ebbtide.cli.run.operator import Operator
from ebbtide.cli.run.options import Care, Pace, Telling
from ebbtide.cli.run.reckoning import reckon
from ebbtide.loop.world import Rules
from ebbtide_policies.observation import Mode

_MANY = 50_000
"""Objects that are new before the collector of cycles comes by; Python's own is 700.

What a tick makes goes with the tick, without it: it finds nothing, and yet goes through all that
the operator knows of its workloads, which is a sixth of the whole operator in calm. Where there are
cycles after all, as of errors, they are as many before long.
"""


@grouped
def run(
    sources: Sources,
    *,
    max_mode: Annotated[
        Mode,
        typer.Option(
            metavar="MODE",
            case_sensitive=False,
            help="No policy reaches further: DryRun, ScaleUpOnly or Enforce.",
        ),
    ] = Mode.ENFORCE,
    pace: Pace,
    care: Care,
    telling: Telling,
) -> None:
    """Run the operator: look after CapacityPolicies.

    In a pod it speaks as its service account. SIGTERM ends it, after the workloads that it is
    seeing to.
    """
    logs.configure(telling.log_format)
    place, terms = care.place(), pace.terms()
    rules = Rules(
        forecasters=makers(),
        candidates=tuple(HOUSE),
        reckon=reckon,
        plugins=plugins(),
        max_mode=max_mode,
        tick=terms.tick,
        namespace=place.home,
    )
    recording = telling.recording()
    with Operator(sources.named(), place, terms, telling.listen, recording) as operator:
        gc.set_threshold(_MANY)
        operator.run(rules)
