"""`ebbtide plan --from-cluster`: its options, and the replays of a range of peaks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer

from ebbtide.cli.cluster.access import Access
from ebbtide.cli.plan.readiness.namespace_state import NamespaceState, read_namespace
from ebbtide.errors import InvalidInput

_MOST = 12
"""Peaks of a range: each is a replay of its own."""


@dataclass(frozen=True, kw_only=True)
class FromCluster(Access):
    """What runs in a namespace now, in place of files, and for which peaks it is planned."""

    from_cluster: Annotated[
        str | None,
        typer.Option(
            "--from-cluster",
            metavar="NAMESPACE[/POLICY]",
            help="Plan what runs there now, in place of files, and say what stands before its "
            "peak.",
        ),
    ] = None
    times: Annotated[
        str | None,
        typer.Option(metavar="FACTOR", help="With --from-cluster: so many times the demand."),
    ] = None
    up_to: Annotated[
        str | None,
        typer.Option(metavar="FACTOR", help="With --times: a range of peaks, and what each costs."),
    ] = None
    home: Annotated[
        str, typer.Option(metavar="NAME", help="With --from-cluster: the operator's own namespace.")
    ] = "ebbtide"

    def state(self, files: Sequence[str] | None) -> NamespaceState | None:
        """What runs in the namespace; None where files say what is planned.

        Raises:
            InvalidInput: neither says it, or both; or there is no policy.
            ClusterUnavailable: the API server did not answer.

        """
        where = self.from_cluster
        if (where is None) == (not files):
            raise InvalidInput("say what is planned: either FILE... or --from-cluster NAMESPACE")
        if where is None:
            return None
        return read_namespace(self.connect(), where, self.home, time.time())

    def factors(self) -> Sequence[float]:
        """The peaks to be planned, as multiples of the recorded demand: steps of 0.1, or wider.

        Raises:
            InvalidInput: the options make no sense together.

        """
        times, up_to = self.times, self.up_to
        if self.from_cluster is None and (times or up_to):
            raise InvalidInput(
                "--times and --up-to go with --from-cluster; else --what-if times=1.4"
            )
        if up_to and not times:
            raise InvalidInput(f"--up-to {up_to}: say with --times where the range begins")
        first = _factor("--times", times or "1")
        last = _factor("--up-to", up_to) if up_to else first
        if last < first:
            raise InvalidInput(f"--up-to {up_to} is below --times {times}")
        steps = min(_MOST - 1, int(np.ceil((last - first) * 10 - 1e-9)))
        return [round(float(one), 4) for one in np.linspace(first, last, steps + 1)]


def _factor(option: str, text: str) -> float:
    try:
        found = float(text.removesuffix("x"))
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise InvalidInput(f"{option} {text}: write a factor above zero, like 1.4")
    return found
