"""A plan as a page of its own: how many replicas, when, at what cost, and why."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from ebbtide.cli.figures import NONE_SIGN, amount, share
from ebbtide.cli.report.chart import course
from ebbtide.cli.report.contents import contents, way_back
from ebbtide.cli.report.log import log
from ebbtide.cli.report.measures import fared_figures, measures, scaler
from ebbtide.cli.report.parts import listed, row
from ebbtide.cli.report.planned import Planned, answer
from ebbtide.cli.report.translations import Language, Words, translations
from ebbtide_policies.demand import HOUR

KEYS = ("demand", "foreseen", "desired", "idle", "short")
"""What a drawing shows, in the order of its legend."""
PHASES = ("Peace", "Prewarm", "War", "Ebb")


def report(
    planned: Sequence[Planned],
    language: Language = Language.EN,
    title: str = "plan",
    opening: str = "",
) -> str:
    """The whole page; it names nothing outside of itself.

    `title` is the key of its title in `translations`; `opening` is a section that stands before
    those of the workloads.
    """
    said = translations(language)
    template = Template(files("ebbtide.cli.report").joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        lang=language.value,
        title=said[title],
        sections=opening
        + contents(planned, said, title)
        + "".join(_section(one, said, way_back(planned, said, title)) for one in planned),
        made_by=escape(said["made_by"]),
    )


def _section(one: Planned, said: Words, back: str) -> str:
    remarks = listed(said["remarks"], map(said.told, one.remarks))
    return (
        f'<section id="{escape(one.anchor)}"><h2>{escape(one.workload)}{back}</h2>'
        f'<p class="answer">{escape(answer(one, said))}</p>'
        f"{remarks}{_course(one, said)}{_scores(one, said)}"
        f"{log(one.frames, one.anchor, said)}</section>"
    )


def _course(one: Planned, said: Words) -> str:
    keys = "".join(f'<span class="key-{name}">{escape(said[name])}</span>' for name in KEYS)
    phases = "".join(f'<span class="key-{p.lower()}">{p}</span>' for p in PHASES[1:])
    return (
        f"<h3>{escape(said['course'])}</h3><p>{escape(said['course_note'])}</p>"
        f'<figure class="card">{course(one.frames, said, one.events, one.anchor)}'
        f'<div class="legend">{keys}{phases}</div></figure>'
    )


def _scores(one: Planned, said: Words) -> str:
    heads = "".join(f"<th>{escape(scaler(name, said))}</th>" for name in one.scores)
    scores = one.scores.values()
    told = measures(scores, cut_off=any(s.disruptions for s in scores))
    rows = [row(said[name], [escape(of(s)) for s in scores]) for name, of in told.items()]
    bound = [*scores][-1].replica_hours
    beside = [f"{s.replica_hours / bound:.3f}" if bound else NONE_SIGN for s in scores]
    spent = Counter(frame.phase.value for frame in one.frames)
    lasted = "".join(
        f'<span class="key-{p.lower()}">{p} {spent[p] * one.tick / HOUR:,.1f} h</span>'
        for p in PHASES
        if spent[p]
    )
    return (
        f"<h3>{escape(said['scores'])}</h3><p>{escape(said['scores_note'])}</p>"
        f'<div class="card scroll"><table class="scores"><tr><th></th>{heads}</tr>{"".join(rows)}'
        f'{row(said["bound"], beside)}</table><div class="legend"><b>{escape(said["phases"])}</b>'
        f"{lasted}</div></div>{_fared(one, said)}{_tiers(one, said)}"
    )


def _fared(one: Planned, said: Words) -> str:
    """What the modelled signals of experience came to."""
    if not one.experience:
        return ""
    heads = "".join(f"<th>{escape(said[name])}</th>" for name in ("worst_value", "limit", "beyond"))
    rows = "".join(
        row(name, list(map(escape, fared_figures(fared)))) for name, fared in one.experience.items()
    )
    return (
        f"<h3>{escape(said['experience'])}</h3><p>{escape(said['experience_note'])}</p>"
        f'<div class="card scroll"><table><tr><th></th>{heads}</tr>{rows}</table></div>'
    )


def _tiers(one: Planned, said: Words) -> str:
    """Whom the shortfall hit."""
    if not one.tiers:
        return ""
    names = ("tier_share", "tier_short", "tier_worst", "unserved")
    heads = "".join(f"<th>{escape(said[name])}</th>" for name in names)
    rows = "".join(
        row(
            name,
            [
                f"{tier.share:.0%}",
                escape(amount(tier.shortfall)),
                escape(amount(tier.worst_minute)),
                escape(share(tier.unserved)),
            ],
        )
        for name, tier in one.tiers.items()
    )
    return (
        f"<h3>{escape(said['tiers'])}</h3><p>{escape(said['tiers_note'])}</p>"
        f'<div class="card scroll"><table><tr><th></th>{heads}</tr>{rows}</table></div>'
    )
