"""The changes of replicas that a report numbers, and which of them it has room for."""

from collections.abc import Collection, Sequence

from ebbtide.cli.simulation.frames import Frame

MOST_CHANGES = 5000
"""Changes in the record of a page; the JSON has all of them."""
MOST_PRINTED = 36
"""Changes of a workload that go on paper, where nobody can search."""


def changes(frames: Sequence[Frame]) -> Sequence[Frame]:
    """The frames in which replicas change; what a report numbers."""
    return [frame for frame in frames if frame.current != frame.desired]


def size(frame: Frame) -> int:
    """How many replicas a change brings or takes."""
    return abs(frame.desired - frame.current)


def name_of(anchor: str, i: int) -> str:
    """What the change of a number is called on the page; no workload has a colon in its name."""
    return f"{anchor}:{i}"


def on_paper(told: Sequence[Frame]) -> Collection[int]:
    """The numbers of the changes that are printed: those that begin a phase, then the largest."""
    phases = [frame.phase for frame in told]
    begins = [i == 0 or phase != phases[i - 1] for i, phase in enumerate(phases)]
    ranked = sorted(range(len(told)), key=lambda i: (not begins[i], -size(told[i]), i))
    return frozenset(ranked[:MOST_PRINTED])


def on_page(told: Sequence[Frame]) -> Collection[int]:
    """The numbers of the changes that a page has, in their order."""
    return sorted({*range(min(len(told), MOST_CHANGES)), *on_paper(told)})
