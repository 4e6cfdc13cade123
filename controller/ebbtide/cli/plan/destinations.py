"""What comes out of `ebbtide plan`: a page for a terminal, JSON, every decision, a report."""

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer

from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.files import promise, write
from ebbtide.cli.plan.output import text_of
from ebbtide.cli.plan.page import planned
from ebbtide.cli.plan.plans import Plan
from ebbtide.cli.plan.readiness.output import text_of as ready_text
from ebbtide.cli.plan.readiness.page import page as ready_page
from ebbtide.cli.plan.readiness.report import Readiness
from ebbtide.cli.plan.readiness.section import section
from ebbtide.cli.report.fonts import legible
from ebbtide.cli.report.html import report as page
from ebbtide.cli.report.picture import drawing, png
from ebbtide.cli.report.translations import LANGUAGE, Language, Words, translations
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation.frames import Frame
from ebbtide.errors import InvalidInput

_PNG = ".png"
_OF_ONE = {".svg", _PNG}
_DRAWN = {".html", *_OF_ONE}


@dataclass(frozen=True, kw_only=True)
class Destinations:
    """Where a plan goes."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    decisions: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write every decision to this CSV, demand in replicas."),
    ] = None
    report: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write a page (.html), or its drawing (.svg, .png)."),
    ] = None
    lang: Annotated[Language, typer.Option(help=LANGUAGE)] = Language.EN

    @property
    def said(self) -> Words:
        """What people are told in."""
        return translations(self.lang)

    def check(self) -> None:
        """Refuse a report that can't be made before anything is replayed.

        Raises:
            InvalidInput: its name says no form, or a file can't be written.

        """
        promise(self.decisions, self.report)
        if self.report and self.report.suffix not in _DRAWN:
            raise InvalidInput(
                f"--report {self.report}: name a file that ends in .html, .svg or .png"
            )
        if self.report and self.report.suffix == _PNG:
            self._warn_of_letters()

    def _warn_of_letters(self) -> None:
        """Say where a picture can't be in the wanted language, beside what programs read."""
        _, lacking = legible(self.lang)
        if lacking:
            typer.echo(f"! {self.said.told(lacking)}\n", err=True)

    def check_room(self, manifests: Sequence[Manifest]) -> None:
        """Refuse a drawing that has no room for what is planned, before it is replayed.

        Raises:
            InvalidInput: a drawing shows one workload, and there are more.

        """
        policies = sum(one.kind == CAPACITY_POLICY.name for one in manifests)
        if self.report and self.report.suffix in _OF_ONE and policies > 1:
            raise InvalidInput(
                f"--report {self.report}: a drawing shows one workload, and {policies} are planned;"
                " plan one, or name a file that ends in .html"
            )

    def write(self, plans: Sequence[Plan], ready: Readiness | None) -> None:
        """Write the files that were asked for."""
        if self.decisions:
            write(self.decisions, _decisions(plans))
        if self.report:
            write(self.report, self._drawn(self.report, plans, ready))

    def show(self, plans: Sequence[Plan], ready: Readiness | None) -> None:
        """Print what came out."""
        if self.as_json:
            found = [one.output for one in plans]
            typer.echo(ready_text(ready, found) if ready else text_of(found))
            return
        console = screen()
        for one in plans:
            console.print(planned(one, self.said))
            for remark in one.remarks:
                console.print(f"! {self.said.told(remark)}\n", style="yellow")
        if ready:
            console.print(ready_page(ready, self.said))
        if self.report:
            typer.echo(self.said["report_at"].format(self.report))

    def _drawn(
        self, path: pathlib.Path, plans: Sequence[Plan], ready: Readiness | None
    ) -> str | bytes:
        """The page of all workloads, or the drawing of the only one."""
        if path.suffix == ".html":
            opening = section(ready, self.said) if ready else ""
            return page([one.planned for one in plans], self.lang, opening=opening)
        draw = png if path.suffix == _PNG else drawing
        return draw(plans[0].planned, self.lang)


def _decisions(plans: Sequence[Plan]) -> str:
    """Every decision as `timestamp,workload,demand,desired,ready,phase,binding`."""
    rows = ["timestamp,workload,demand,desired,ready,phase,binding"]
    rows += [_row(frame) for one in plans for frame in one.frames]
    return "\n".join(rows) + "\n"


def _moment(frame: Frame) -> str:
    return f"{np.datetime64(int(frame.now), 's')}Z"


def _row(frame: Frame) -> str:
    return (
        f"{_moment(frame)},{frame.workload},{frame.demand:.6g},{frame.desired},{frame.ready},"
        f"{frame.phase.value},{frame.reason}"
    )
