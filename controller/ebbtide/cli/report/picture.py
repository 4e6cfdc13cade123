"""A plan as a picture for a chat message or a slide: SVG, and PNG where a library can draw it."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files

from ebbtide.cli.report.chart import HEIGHT, WIDTH, course
from ebbtide.cli.report.fonts import FAMILIES, INSTALLED, Fonts, drawn, legible
from ebbtide.cli.report.html import KEYS, PHASES
from ebbtide.cli.report.planned import Planned, answer
from ebbtide.cli.report.translations import Language, translations

HEAD, FOOT, MARGIN, KEY = 78, 40, 24, 130
"""Pixels: above the course and below it, to its left and right, and from one key to the next."""
TWICE = 2
"""Pixels of a PNG for each of the drawing's: screens are finer than 96 dots an inch."""
_LOOK = """
svg, .chart {
  font-family: FAMILIES;
}
.ground { fill: var(--card); } .name { font-size: 20px; font-weight: 600; fill: var(--tide); }
.said { font-size: 14px; fill: var(--ink); } .key { font-size: 12px; fill: var(--soft); }
.box-demand { fill: var(--ink); } .box-foreseen { fill: var(--seen); }
.box-desired { fill: var(--tide); } .box-idle { fill: var(--idle); }
.box-short { fill: var(--short); }
.box-prewarm { fill: var(--prewarm); } .box-war { fill: var(--war); } .box-ebb { fill: var(--ebb); }
"""


def drawing(planned: Planned, language: Language = Language.EN) -> str:
    """The course of one workload as an SVG file: light or dark as the reader's screen is."""
    return _drawn(planned, language, "".join(_styles()))


def png(planned: Planned, language: Language = Language.EN, fonts: Fonts = INSTALLED) -> bytes:
    """The same as a PNG, light; in English where no font has the letters of the language.

    Raises:
        InvalidInput: what draws it is not installed.

    """
    colours, chart = _styles()
    told, _ = legible(language, fonts)
    return drawn(_drawn(planned, told, _resolved(chart, colours)), fonts, TWICE)


def _drawn(planned: Planned, language: Language, style: str) -> str:
    said = translations(language)
    width, height = WIDTH + 2 * MARGIN, HEAD + HEIGHT + FOOT
    chart = course(planned.frames, said, planned.events).replace(
        "<svg ", f'<svg x="{MARGIN}" y="{HEAD}" width="{WIDTH}" height="{HEIGHT}" ', 1
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' xml:lang="{language.value}" width="{width}" height="{height}"><style>{style}</style>'
        f'<rect class="ground" width="{width}" height="{height}"/>'
        f'<text class="name" x="{MARGIN}" y="34">{escape(planned.workload)}</text>'
        f'<text class="said" x="{MARGIN}" y="60">{escape(answer(planned, said))}</text>'
        f"{chart}{''.join(_keys(said))}</svg>\n"
    )


def _keys(said: Mapping[str, str]) -> Iterator[str]:
    """The legend, below the course."""
    names = {**{key: said[key] for key in KEYS}, **{p.lower(): p for p in PHASES[1:]}}
    y = HEAD + HEIGHT + 12
    for i, (key, name) in enumerate(names.items()):
        x = 2 * MARGIN + i * KEY
        yield f'<rect class="box-{key}" x="{x}" y="{y}" width="10" height="10" rx="3"/>'
        yield f'<text class="key" x="{x + 17}" y="{y + 9}">{escape(name)}</text>'


def _styles() -> tuple[str, str]:
    """The colours of the page, light and dark, and the look of its drawings."""
    text = files("ebbtide.cli.report").joinpath("page.html").read_text("utf-8")
    colours = text.partition("<style>")[2].partition("\n* {")[0]
    chart = text.partition("/* chart */")[2].partition("/* end of chart */")[0]
    return colours, chart + _LOOK.replace("FAMILIES", FAMILIES)


def _resolved(style: str, colours: str) -> str:
    """Put the light colours in the place of their names: not every library knows variables."""
    light = dict(re.findall(r"--(\w+): (#\w+)", colours.partition("@media")[0]))
    return re.sub(r"var\(--(\w+)\)", lambda found: light[found[1]], style)
