"""What the demo shows: a line for every few hours, a live view of now, and a summary."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import ConsoleDimensions, Group, RenderableType
from rich.text import Text

from ebbtide.cli.cluster.explain import STYLES
from ebbtide.cli.figures import amount, figure
from ebbtide.cli.plan.page import bar
from ebbtide.cli.plan.scores import Scores
from ebbtide.cli.simulation.frames import Frame
from ebbtide.planning.scoring.score import Score
from ebbtide_policies.observation import Event

ROW_EVERY = 4 * 3600.0
"""Seconds from one line to the next; less where all of it is short."""
LEAST_ROWS = 20
_BESIDES = 74
"""Columns of a line beside its bar."""
_WIDEST = 36
_TWO_DAYS = 48.0
_BELOW = 4
"""Lines below the rows of the live view: the present, why, how far it is, and the cursor."""


class Scene(NamedTuple):
    """What the demo is about."""

    what: str
    workload: str
    start: float
    end: float
    events: Sequence[Event]
    most: float
    """Replicas that fill the width of a bar."""


class Page:
    """The demo on a screen."""

    def __init__(self, scene: Scene, size: ConsoleDimensions) -> None:
        """Show a scene on a screen of so many columns and lines."""
        self.workload = scene.workload
        self._scene = scene
        self._bar = min(_WIDEST, max(6, size.width - _BESIDES))
        self._room = max(3, size.height - len(scene.events) - 4 - _BELOW)
        self._rows: list[Text] = []
        self._last: Frame | None = None
        self._told_at = float("-inf")
        self._every = min(ROW_EVERY, (scene.end - scene.start) / LEAST_ROWS)

    def headline(self) -> RenderableType:
        """Say what is going to be seen."""
        scene = self._scene
        hours = (scene.end - scene.start) / 3600
        lasts = f"{hours:.1f} hours" if hours < _TWO_DAYS else f"{hours / 24:.1f} days"
        span = f"{lasts}, {_clock(scene.start)} to {_clock(scene.end)} UTC"
        lines = Text.assemble(
            ("ebbtide demo", "bold"),
            f": {scene.what}, decided by the loop of the operator\n",
            (f"{self.workload}, {span}\n", "dim"),
            ("demand in replicas at their target load\n", "dim"),
        )
        for event in scene.events:
            told = f"  announced: {event.name} {_clock(event.start)} to {_clock(event.end)}"
            lines.append(f"{told}, {float(event.times):g} times the usual\n", style="dim")
        return lines.append(f"\n{self._heads()}", style="dim")

    def row(self, frame: Frame) -> Text | None:
        """A line, where a phase begins or a few hours have passed; else nothing."""
        turned = self._last is None or self._last.phase is not frame.phase
        self._last = frame
        if not turned and frame.now - self._told_at < self._every:
            return None
        self._told_at = frame.now
        line = self._line(frame)
        self._rows.append(line)
        return line

    def past(self) -> RenderableType:
        """The last lines, as many as there is room for."""
        return Group(*self._rows[-self._room :])

    def live(self, frame: Frame) -> RenderableType:
        """The last lines; below them the present, why, and how far it is."""
        now = self._line(frame)
        now.stylize("bold")
        why = Text(f"{'':<21}{frame.message}", "dim", overflow="ellipsis", no_wrap=True)
        return Group(self.past(), now, why, self._progress(frame))

    def summary(self, told: Mapping[str, Score]) -> RenderableType:
        """The scores side by side, and what they say."""
        (_, mine), (name, hpa), (_, static), *_ = told.items()
        verdict = Text.assemble(
            "Beside the HPA that is best in hindsight (tolerance 1 %, Percent 10 per 60 s, window "
            f"300 s, {name.partition(', ')[2]}): ",
            _less(mine.idle, hpa.idle, "idle capacity"),
            f", {amount(mine.shortfall)} replica-minutes short to its {amount(hpa.shortfall)}, ",
            _less(mine.disruptions, hpa.disruptions, "live sessions cut off", "fewer"),
            ". ",
            "Beside a static peak: ",
            _less(mine.replica_hours, static.replica_hours, "to pay for"),
            ".",
        )
        table = {"ebbtide": mine, "HPA": hpa, "static peak": static}
        return Group("", Scores(rows=table, disruptions=True), "", verdict)

    def _progress(self, frame: Frame) -> Text:
        scene = self._scene
        done = (frame.now - scene.start) / (scene.end - scene.start)
        width = _BESIDES - 6
        full = round(width * done)
        return Text.assemble(("━" * full, "cyan"), ("━" * (width - full), "dim"), f" {done:>4.0%}")

    def _line(self, frame: Frame) -> Text:
        return Text.assemble(
            f"{_clock(frame.now)} ",
            (f"{frame.phase.value:<8}", STYLES[frame.phase.value]),
            f"{figure(frame.demand):>6}{figure(frame.foreseen):>9}",
            (f"{frame.desired:>8,}", "bold"),
            f"{frame.ready:>7,}  ",
            _padded(bar(frame.demand, frame.desired, self._scene.most, self._bar), self._bar),
            (f"  {frame.reason}", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _heads(self) -> str:
        legend = "DEMAND, SPARE"
        return (
            f"{'UTC':<13}{'PHASE':<8}{'DEMAND':>6}{'FORECAST':>9}{'DESIRED':>8}{'READY':>7}  "
            f"{legend if len(legend) <= self._bar else '':<{self._bar}}  BINDING"
        )


def _less(mine: float, theirs: float, what: str, word: str = "less") -> tuple[str, str]:
    """How much less, or more, as a text and its style."""
    share = 1 - mine / theirs if theirs else 0.0
    less = share >= 0
    return (
        f"{abs(share):,.0%} {word if less else 'more'} {what}",
        "bold green" if less else "bold",
    )


def _padded(text: Text, width: int) -> Text:
    return text.append(" " * (width - len(text)))


def calendar_of(events: Sequence[Event], namespace: str) -> str:
    """The announced events of a synthetic demand, as the calendar that an SRE would write."""
    if not events:
        return ""
    rows = "".join(
        f"    {event.name}:\n"
        f'      start: "{_local(event.start)}"\n'
        f'      end: "{_local(event.end)}"\n'
        f'      readyBy: "{_local(event.ready_by)}"\n'
        f"      expect: [{{times: {float(event.times):g}}}]\n"
        for event in events
    )
    head = "apiVersion: ebbtide.dev/v1alpha1\nkind: EventCalendar\n"
    return f"{head}metadata: {{name: promotions, namespace: {namespace}}}\nspec:\n  events:\n{rows}"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%a %d %H:%M")


def _local(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
