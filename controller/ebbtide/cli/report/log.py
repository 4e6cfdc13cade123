"""The record of a plan: every change of replicas, with all that decided there folded below."""

import math
from collections.abc import Sequence
from html import escape

from ebbtide.api.timestamps import clock
from ebbtide.cli.cluster.explain import MEANS
from ebbtide.cli.figures import UNKNOWN_SIGN
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
    shown, printed = on_page(told), on_paper(told)
    rows = "".join(_change(told[i], said, name_of(anchor, i), kept=i in printed) for i in shown)
    left = len(told) - len(shown)
    more = f"<p>{escape(said['more'].format(f'{left:,}'))}</p>" if left else ""
    hint = escape(said["filter"])
    return (
        f'<h3>{escape(said["log"])}</h3><p class="screen">{escape(said["log_note"])}</p>'
        f"{_left_out(len(printed), len(told), said)}"
        f'<div class="card log"><input type="search" class="filter" aria-label="{hint}"'
        f' placeholder="{hint}" hidden><output></output>'
        f'<div class="changes">{rows}</div>{more}</div>'
    )


def _left_out(printed: int, told: int, said: Words) -> str:
    """What paper leaves out, and where it is to be had; on paper only."""
    if printed == told:
        return ""
    left = said["on_paper"].format(printed=printed, told=told, left=told - printed)
    return f'<p class="paper">{escape(left)}</p>'


def _change(frame: Frame, said: Words, name: str, *, kept: bool) -> str:
    """One change, with all of its bounds folded below."""
    at, phase = clock(frame.now, "%Y-%m-%d %H:%M:%S"), frame.phase.value
    why = said.told(frame.bounds[0].why)
    way = "up" if frame.desired > frame.current else "down"
    return (
        f'<details id="{escape(name)}"{" class=kept" if kept else ""}>'
        f'<summary><span class="at">{at}</span>'
        f'<span class="key-{phase.lower()} in">{phase}</span>'
        f'<span class="change {way}">{frame.current:,} → {frame.desired:,}</span>'
        f"<span><b>{escape(frame.reason)}</b> {escape(why)}</span></summary>"
        f"{_bounds(frame, said)}</details>"
    )


def _bounds(frame: Frame, said: Words) -> str:
    heads = "".join(f"<th>{escape(said[name])}</th>" for name in ("change", "policy", "why"))
    rows = "".join(_bound(bound, said) for bound in frame.bounds if says_something(bound))
    return f'<table class="bounds"><tr><th></th>{heads}</tr>{rows}</table>'


def _bound(bound: Bound, said: Words) -> str:
    replicas = number(bound.replicas)
    told = f"{replicas:,.0f}" if math.isfinite(replicas) else UNKNOWN_SIGN
    why = f"<b>{escape(bound.reason)}</b> {escape(said.told(bound.why))}"
    return row(said.told(Message(MEANS[bound.kind.value])), [told, escape(bound.policy), why])
