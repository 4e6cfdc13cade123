"""What the pictures of benchmarks have in common: SVG that reads on light and on dark pages."""

from collections.abc import Iterator
from html import escape

STYLE = """
  .page { fill: #ffffff } .ink { fill: #1d2733 } .quiet { fill: #5b6773 }
  .grid { stroke: #dfe4e8; stroke-width: 1 } .halo { stroke: #ffffff; stroke-width: 3; }
  text { font: 13px system-ui, sans-serif; paint-order: stroke }
  .thread { stroke: #7a8794; stroke-width: 0.8 } .even { stroke: #7a8794; stroke-dasharray: 4 3 }
  .title { font-size: 17px; font-weight: 600 } .small { font-size: 11.5px }
  @media (prefers-color-scheme: dark) {
    .page { fill: #12181f } .ink { fill: #e6edf3 } .quiet { fill: #9aa7b3 }
    .grid { stroke: #2b343d } .halo { stroke: #12181f }
  }
"""
OURS = "#0a8f6a"


def opened(width: int, height: int, title: str, left: int) -> Iterator[str]:
    """The beginning of a picture, with its title from `left` on."""
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    yield f"<title>{escape(title)}</title>"
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="page" width="{width}" height="{height}" rx="8"/>'
    yield f'<text class="ink title" x="{left}" y="30">{escape(title)}</text>'


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Some words of a kind of the style."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
