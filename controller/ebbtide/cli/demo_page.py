"""What the demo shows: a line for every few hours, a live view of now, and a summary."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ebbtide.cli.explain import STYLES
from ebbtide.cli.plan_page import bar, scores
from ebbtide.cli.simulation import Frame
from ebbtide.planning.demand import DemandSeries
from ebbtide.planning.score import Score
from ebbtide_policies.observation import Event

ROW_EVERY = 4 * 3600.0
LIVE_ROWS = 18
_WIDTH = 26


class Page:
    """The demo on a screen of about 100 columns."""

    def __init__(
        self, series: DemandSeries, workload: str, span: tuple[float, float], most: float
    ) -> None:
        """Show a workload between two moments; `most` replicas fill the width of a bar."""
        self.workload = workload
        self._series, self._span, self._most = series, span, most
        self._rows: list[Text] = []
        self._last: Frame | None = None
        self._told_at = float("-inf")

    def headline(self, what: str) -> RenderableType:
        """Say what is going to be seen."""
        first, last = (_clock(at) for at in self._span)
        days = (self._span[1] - self._span[0]) / 86400
        lines = Text.assemble(
            ("ebbtide demo", "bold"),
            f": {what}, {days:.1f} days, {first} to {last} UTC\n",
            (f"{self.workload}, decided by the loop of the operator\n", "dim"),
        )
        for event in self._series.events:
            told = f"  announced: {event.name} {_clock(event.start)} to {_clock(event.end)}"
            lines.append(f"{told}, {float(event.times):g} times the usual\n", style="dim")
        lines.append("\n")
        lines.append(_heads(), style="dim")
        return lines

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
        done = (frame.now - self._span[0]) / (self._span[1] - self._span[0])
        now = self._line(frame)
        now.stylize("bold")
        why = Text(f"  {frame.message}", style="dim", overflow="ellipsis", no_wrap=True)
        return Group(*self._rows[-LIVE_ROWS:], now, why, Text(f"  {done:.0%}", style="dim"))

    def summary(self, told: Mapping[str, Score]) -> RenderableType:
        """The scores side by side, and what they say."""
        (_, mine), (name, hpa), (_, static) = told.items()
        idle = 1 - mine.idle / hpa.idle if hpa.idle else 0.0
        saved = 1 - mine.replica_hours / static.replica_hours
        verdict = Text.assemble(
            (f"{idle:+.0%} ".replace("+", "-") if idle >= 0 else f"+{-idle:.0%} ", "bold green"),
            f"idle replica-hours beside the best {name} in hindsight, which falls "
            f"{hpa.shortfall:,.0f} replica-minutes short (Ebbtide: {mine.shortfall:,.0f}); ",
            (f"-{saved:.0%} ", "bold green"),
            "of what a static peak pays for.",
        )
        return Group("", scores(dict(told), disruptions=True), Padding(verdict, (1, 0, 0, 0)))

    def _line(self, frame: Frame) -> Text:
        return Text.assemble(
            f"{_clock(frame.now)}  ",
            (f"{frame.phase.value:<8}", STYLES[frame.phase.value]),
            f"{frame.demand:>7,.0f} {frame.foreseen:>8,.0f} ",
            (f"{frame.desired:>8,}", "bold"),
            f" {frame.ready:>6,}  ",
            bar(frame.demand, frame.desired, self._most, _WIDTH),
            no_wrap=True,
        ).append(f"  {frame.reason}", style="dim")


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


def _heads() -> str:
    width = _WIDTH
    return (
        f"{'UTC':<14}{'PHASE':<8}{'DEMAND':>7} {'FORECAST':>8} {'DESIRED':>8} {'READY':>6}  "
        f"{'replicas: demand, spare':<{width}}  BINDING"
    )


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%a %d %H:%M")


def _local(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
