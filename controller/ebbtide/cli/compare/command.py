"""`ebbtide compare`: policies side by side on the same demand, and where they differ most."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.compare.differences import curves_of_each, differences
from ebbtide.cli.compare.output import output
from ebbtide.cli.compare.page import Moment, page
from ebbtide.cli.files import promise, write
from ebbtide.cli.models import installed, plugins
from ebbtide.cli.options import grouped
from ebbtide.cli.report.html import report as whole
from ebbtide.cli.report.parts import listed
from ebbtide.cli.report.planned import Planned
from ebbtide.cli.report.spans import Span, spans_of
from ebbtide.cli.report.translations import LANGUAGE, Language, translations
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation.announced_events import events_of
from ebbtide.cli.simulation.comparison import rivals
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.edits import Edit, edited
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.manifests import manifests_in
from ebbtide.cli.simulation.options import Replay
from ebbtide.cli.simulation.remarks import remarks_on, remarks_on_all
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.cli.simulation.workbench import Workbench
from ebbtide.errors import InvalidInput
from ebbtide.planning.scoring.contrast import stretches
from ebbtide.planning.scoring.experience import Fared, fared
from ebbtide.planning.scoring.score import Course, Score
from ebbtide_policies.message import Message

_LEAST = 2
_MOMENTS = 5
_AROUND = 7200.0
"""Seconds to each side of a moment that belong to the same difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came out: the scores of all, and where the policies went apart."""

    scores: Mapping[str, Score]
    frames: Mapping[str, Sequence[Frame]]
    moments: Sequence[Moment]
    remarks: Sequence[Message]
    """What a replay can't know, of any of them."""
    experience: Mapping[str, Mapping[str, Fared]]
    """What modelled signals came to under each policy."""
    events: Mapping[str, Sequence[Span]]
    """What calendars announced to each."""

    def planned(self, tick: float) -> Sequence[Planned]:
        """Each policy as a section of a report, its own score before those of the others."""
        return [
            Planned(
                workload=name,
                frames=told,
                tick=tick,
                scores={name: self.scores[name], **self.scores},
                events=self.events[name],
                experience=self.experience[name],
            )
            for name, told in self.frames.items()
        ]

    def report(self, tick: float, lang: Language) -> str:
        """A page; what is said of all policies stands before them, once."""
        said = translations(lang)
        opening = listed(said["remarks"], map(said.told, self.remarks))
        return whole(self.planned(tick), lang, "compare", opening)


@grouped
def compare(
    replay: Replay,
    variants: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE[,FIELD=VALUE...]",
            help="YAML with one CapacityPolicy, and changes to it: "
            "edge.yaml edge.yaml,policies.descent.maxStep=20%",
        ),
    ],
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="FILE", help="YAML that holds for all: calendars, say."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    report: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write a page (.html), a staircase for each policy."),
    ] = None,
    lang: Annotated[Language, typer.Option(help=LANGUAGE)] = Language.EN,
) -> None:
    """Replay several policies over the same demand, side by side.

    The HPA that is best in hindsight, a fleet that always has what its peak needs, and the
    clairvoyant bound (the fewest replicas that leave nothing unserved and grow no faster than
    `rate` allows) are always in the table. They stand on what the policy written first has. Below
    it is where the policies differ most, and which bounds decided there.
    """
    if len(variants) < _LEAST:
        raise InvalidInput("there is nothing to compare: write two files or more")
    if report and report.suffix != ".html":
        raise InvalidInput(f"--report {report}: name a file that ends in .html")
    promise(report)
    named = dict(_named(variants))
    shared = manifests_in(beside) if beside else []
    manifests = {n: replay.edited([*_variant(text), *shared]) for n, text in named.items()}
    told = replay.supposed()
    recorded = replay.recorded(told, [one for each in manifests.values() for one in each])
    world = replay.world(told, recorded)
    found = _compared(manifests, recorded, world)
    if report:
        write(report, found.report(world.tick, lang))
    if as_json:
        printed = output(found.scores, found.moments, found.remarks)
        typer.echo(printed.model_dump_json(by_alias=True, indent=1))
    else:
        screen().print(page(found.scores, found.moments, found.remarks, translations(lang)))


def _named(variants: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each variant under the shortest name that tells it from the others.

    Raises:
        InvalidInput: one is written twice.

    """
    short = list(_short(variants))
    for name, text in zip(short, variants, strict=True):
        if variants.count(text) > 1:
            raise InvalidInput(f"{text} is written twice; write what it is compared with")
        yield (text if short.count(name) > 1 else name), text


def _short(variants: Sequence[str]) -> Iterator[str]:
    """The name of a file without its folder, and what is changed; files may share one."""
    stems = [pathlib.Path(text.partition(",")[0]).stem for text in variants]
    for text, stem in zip(variants, stems, strict=True):
        _, _, change = text.partition(",")
        short = ", ".join(_said(part) for part in change.split(",") if part)
        same_file = stems.count(stem) > 1 and short
        yield short if same_file and len(set(stems)) == 1 else f"{stem} {short}".strip()


def _said(change: str) -> str:
    """A change without where its field stands."""
    field, equals, value = change.partition("=")
    return f"{field.rpartition('.')[2]}{equals}{value}"


def _variant(text: str) -> Sequence[Manifest]:
    """The manifests of one variant.

    Raises:
        InvalidInput: its file does not hold one CapacityPolicy, or a change can't be made.

    """
    name, *changes = text.split(",")
    manifests = manifests_in([name])
    if sum(one.kind == CAPACITY_POLICY.name for one in manifests) != 1:
        raise InvalidInput(f"{name}: write one CapacityPolicy a file to compare it with another")
    edits, known = [Edit.of(change) for change in changes], installed()
    return [edited(one, edits, known) for one in manifests]


class _Replayed(NamedTuple):
    """One of the policies, and what came of it."""

    simulation: Simulation
    bench: Workbench
    frames: Sequence[Frame]
    course: Course
    remarks: Sequence[Message]

    @property
    def fared(self) -> Mapping[str, Fared]:
        """What modelled signals came to."""
        signals, course = self.bench.gate.modelled, self.course
        return fared(signals, course.demand, course.ready, course.tick)


def _compared(
    variants: Mapping[str, Sequence[Manifest]], recorded: Recorded, world: Conditions
) -> Comparison:
    found = dict(_replayed(variants, recorded, world))
    scores = {name: one.bench.scored(one.course) for name, one in found.items()}
    frames = {name: one.frames for name, one in found.items()}
    first, score = next(iter(found.values())), next(iter(scores.values()))
    beside = rivals(first.simulation, first.bench.key, first.frames, score.shortfall)
    unknown = dict.fromkeys(remark for one in found.values() for remark in one.remarks)
    return Comparison(
        scores={**scores, **beside},
        frames=frames,
        moments=_moments(frames, world.tick),
        remarks=[*differences({name: one.bench for name, one in found.items()}), *unknown],
        events={n: spans_of(events_of(one.simulation, one.bench.key)) for n, one in found.items()},
        experience={name: one.fared for name, one in found.items()},
    )


def _replayed(
    variants: Mapping[str, Sequence[Manifest]], recorded: Recorded, world: Conditions
) -> Iterator[tuple[str, _Replayed]]:
    """Each policy over the same demand, one after the other."""
    curves = curves_of_each(variants, world.experience)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for name, manifests in variants.items():
            own = replace(world, experience=curves[name])
            simulation = Simulation(manifests, recorded.answer, own, plugins())
            task = progress.add_task(name, total=recorded.end - recorded.start)
            told: list[Frame] = []
            for tick in simulation.run(recorded.start, recorded.end + world.tick):
                told += tick
                progress.update(task, advance=world.tick)
            [bench] = simulation.workbenches.values()
            course = simulation.course(bench.key, told)
            of_all = remarks_on_all(simulation, recorded)
            said = remarks_on(simulation, recorded, told, course, of_all)
            yield name, _Replayed(simulation, bench, told, course, said)


def _moments(frames: Mapping[str, Sequence[Frame]], tick: float) -> Sequence[Moment]:
    asked = np.array([[frame.desired for frame in told] for told in frames.values()], float).T
    around = max(1, round(_AROUND / tick))
    return [
        Moment(
            begin=next(iter(frames.values()))[stretch.begin].now,
            end=next(iter(frames.values()))[stretch.end - 1].now + tick,
            at={name: told[stretch.most] for name, told in frames.items()},
        )
        for stretch in stretches(asked, around=around, count=_MOMENTS)
    ]
