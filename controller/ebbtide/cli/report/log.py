"""The record of a plan: every change of replicas, with all that decided there folded below."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from ebbtide.api.timestamps import clock
from ebbtide.cli.cluster.explain import MEANS
from ebbtide.cli.figures import UNKNOWN_SIGN
from ebbtide.cli.report.alike import Alike
from ebbtide.cli.report.changes import changes, name_of, on_page, on_paper
from ebbtide.cli.report.parts import row
from ebbtide.cli.report.translations import Words
from ebbtide.cli.simulation.frames import Frame
from ebbtide.loop.reporting.status import says_something
from ebbtide_policies.contract import Bound
from ebbtide_policies.lanes import number
from ebbtide_policies.message import Message


def log(frames: Sequence[Frame], anchor: str, said: Words) -> str:
    """The section of all changes; each is named by the `anchor` and its number."""
    told = changes(frames)
    shown, printed, alike = on_page(told), on_paper(told), Alike()
    rows = "".join(
        _printed(told[i], said, name_of(anchor, i))
        if i in printed
        else _change(told[i], said, name_of(anchor, i), alike)
        for i in shown
    )
    left = len(told) - len(shown)
    more = f"<p>{escape(said['more'].format(f'{left:,}'))}</p>" if left else ""
    hint = escape(said["filter"])
    return (
        f'<h3>{escape(said["log"])}</h3><p class="screen">{escape(said["log_note"])}</p>'
        f"{_left_out(len(printed), len(told), said)}"
        f"{_without_script(len(printed), len(shown), said)}"
        f'<div class="card log"><input type="search" class="filter" aria-label="{hint}"'
        f' placeholder="{hint}" hidden><output></output>'
        f'<div class="changes" data-forms="{escape(alike.forms)}">{rows}</div>{more}</div>'
    )


def _left_out(printed: int, told: int, said: Words) -> str:
    """What paper leaves out, and where it is to be had; on paper only."""
    if printed == told:
        return ""
    left = said["on_paper"].format(printed=printed, told=told, left=told - printed)
    return f'<p class="paper">{escape(left)}</p>'


def _without_script(whole: int, shown: int, said: Words) -> str:
    """How many changes have their bounds where no script puts them in."""
    left = said["without_script"].format(whole=whole, shown=shown)
    return "" if whole == shown else f"<noscript><p>{escape(left)}</p></noscript>"


def _printed(frame: Frame, said: Words, name: str) -> str:
    """A change that goes on paper, with all of its bounds folded below."""
    rows = "".join(_bounds(frame, said))
    return (
        f'<details id="{escape(name)}" class="kept">{_summary(frame, said)}'
        f'<table class="bounds">{rows}</table></details>'
    )


def _change(frame: Frame, said: Words, name: str, alike: Alike) -> str:
    """Any other, with its bounds by what the rows of all have in common."""
    bounds = alike.told(_bounds(frame, said))
    return f'<details id="{escape(name)}" data-bounds="{bounds}">{_summary(frame, said)}</details>'


def _summary(frame: Frame, said: Words) -> str:
    at, phase = clock(frame.now, "%Y-%m-%d %H:%M:%S"), frame.phase.value
    why = said.told(frame.bounds[0].why)
    way = "up" if frame.desired > frame.current else "down"
    return (
        f'<summary><span class="at">{at}</span>'
        f'<span class="key-{phase.lower()} in">{phase}</span>'
        f'<span class="change {way}">{frame.current:,} → {frame.desired:,}</span>'
        f"<span><b>{escape(frame.reason)}</b> {escape(why)}</span></summary>"
    )


def _bounds(frame: Frame, said: Words) -> Iterator[str]:
    """The rows of the table of its bounds, the head first."""
    heads = "".join(f"<th>{escape(said[name])}</th>" for name in ("change", "policy", "why"))
    yield f"<tr><th></th>{heads}</tr>"
    yield from (_bound(bound, said) for bound in frame.bounds if says_something(bound))


def _bound(bound: Bound, said: Words) -> str:
    replicas = number(bound.replicas)
    told = f"{replicas:,.0f}" if math.isfinite(replicas) else UNKNOWN_SIGN
    why = f"<b>{escape(bound.reason)}</b> {escape(said.told(bound.why))}"
    return row(said.told(Message(MEANS[bound.kind.value])), [told, escape(bound.policy), why])
