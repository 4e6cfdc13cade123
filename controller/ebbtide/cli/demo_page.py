"""What the demo shows: a line for every few hours, a live view of now, and a summary."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ebbtide.cli.explain import STYLES
from ebbtide.cli.plan_page import bar, scores
from ebbtide.cli.simulation import Frame
from ebbtide.planning.score import Score
from ebbtide_policies.observation import Event

ROW_EVERY = 4 * 3600.0
LIVE_ROWS = 18
_BESIDES = 80
"""Columns of a line beside its bar."""


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

    def __init__(self, scene: Scene, width: int) -> None:
        """Show a scene on a screen of so many columns."""
        self.workload = scene.workload
        self._scene = scene
        self._bar = min(40, max(8, width - _BESIDES))
        self._rows: list[Text] = []
        self._last: Frame | None = None
        self._told_at = float("-inf")

    def headline(self) -> RenderableType:
        """Say what is going to be seen."""
        scene = self._scene
        days = (scene.end - scene.start) / 86400
        span = f"{days:.1f} days, {_clock(scene.start)} to {_clock(scene.end)} UTC"
        lines = Text.assemble(
            ("ebbtide demo", "bold"),
            f": {scene.what}, {span}\n",
            (f"{self.workload}, decided by the loop of the operator\n", "dim"),
        )
        for event in scene.events:
            told = f"  announced: {event.name} {_clock(event.start)} to {_clock(event.end)}"
            lines.append(f"{told}, {float(event.times):g} times the usual\n", style="dim")
        return lines.append(f"\n{self._heads()}", style="dim")

    def row(self, frame: Frame) -> Text | None:
        """A line, where a phase begins or a few hours have passed; else nothing."""
        turned = self._last is None or self._last.phase is not frame.phase
        self._last = frame
        if not turned and frame.now - self._told_at < ROW_EVERY:
            return None
        self._told_at = frame.now
        line = self._line(frame)
        self._rows.append(line)
        return line

    def live(self, frame: Frame) -> RenderableType:
        """The last lines, and the present one below them."""
        done = (frame.now - self._scene.start) / (self._scene.end - self._scene.start)
        now = self._line(frame)
        now.stylize("bold")
        why = Text(f"  {frame.message}", style="dim", overflow="ellipsis", no_wrap=True)
        return Group(*self._rows[-LIVE_ROWS:], now, why, Text(f"  {done:.0%}", style="dim"))

    def summary(self, told: Mapping[str, Score]) -> RenderableType:
        """The scores side by side, and what they say."""
        (_, mine), (name, hpa), (_, static) = told.items()
        verdict = Text.assemble(
            "Beside the HPA that is best in hindsight (tolerance 1 %, Percent 10 per 60 s, window "
            f"300 s, {name.partition(', ')[2]}): ",
            (f"{_less(mine.idle, hpa.idle)} idle capacity", "bold green"),
            f", {mine.shortfall:,.0f} replica-minutes short to its {hpa.shortfall:,.0f}. ",
            "Beside a static peak: ",
            (f"{_less(mine.replica_hours, static.replica_hours)} replica-hours.", "bold green"),
        )
        return Group("", scores(told, disruptions=True), Padding(verdict, (1, 0, 0, 0)))

    def _line(self, frame: Frame) -> Text:
        return Text.assemble(
            f"{_clock(frame.now)}  ",
            (f"{frame.phase.value:<8}", STYLES[frame.phase.value]),
            f"{frame.demand:>7,.0f} {frame.foreseen:>8,.0f} ",
            (f"{frame.desired:>8,}", "bold"),
            f" {frame.ready:>6,}  ",
            _padded(bar(frame.demand, frame.desired, self._scene.most, self._bar), self._bar),
            (f"  {frame.reason}", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _heads(self) -> str:
        return (
            f"{'UTC':<14}{'PHASE':<8}{'DEMAND':>7} {'FORECAST':>8} {'DESIRED':>8} {'READY':>6}  "
            f"{'DEMAND, SPARE':<{self._bar}.{self._bar}}  BINDING"
        )


def _less(mine: float, theirs: float) -> str:
    share = 1 - mine / theirs if theirs else 0.0
    return f"{abs(share):.0%} {'less' if share >= 0 else 'more'}"


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
