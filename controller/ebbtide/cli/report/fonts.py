"""What draws a PNG, and whether the fonts that are installed here have the letters for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ebbtide.cli.report.translations import Language
from ebbtide.errors import InvalidInput
from ebbtide_policies.message import Message

FAMILIES = (
    "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', 'Liberation Sans', Arial, "
    "'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', "
    "'WenQuanYi Micro Hei', 'WenQuanYi Zen Hei', sans-serif"
)
"""Whose letters are taken, the first that is there; one that lacks some is helped out by others."""
_SAMPLES: Mapping[Language, str] = {Language.EN: "demand", Language.ZH: "需求缺口"}
"""Letters of a language; a font of it has all of them."""
_NOBODYS = "\ue000"
"""A letter that no language has: whatever has no letter in any font is drawn like it."""
_MISSING = {
    Language.EN: Message(
        "the picture has no words, as no font is installed here: install one, like the Debian "
        "package fonts-dejavu-core"
    ),
    Language.ZH: Message(
        "the picture is in English, as no font is installed here that has Chinese letters: install "
        "one, like the Debian package fonts-noto-cjk; an .svg is drawn by the fonts of its reader"
    ),
}


@dataclass(frozen=True, slots=True)
class Fonts:
    """Where letters come from."""

    installed: bool = True
    """Whether the fonts of this machine count."""
    folders: tuple[str, ...] = ()
    """Where more of them are."""


INSTALLED = Fonts()


def drawn(svg: str, fonts: Fonts = INSTALLED, zoom: int = 1) -> bytes:
    """A drawing as a PNG.

    Raises:
        InvalidInput: what draws it is not installed.

    """
    try:
        import resvg_py
    except ImportError as error:
        raise InvalidInput(
            "a PNG needs `pip install ebbtide[png]`; an .svg needs nothing"
        ) from error
    draw: Callable[..., bytes] = resvg_py.svg_to_bytes
    system, more = not fonts.installed, list(fonts.folders)
    return bytes(draw(svg_string=svg, zoom=zoom, skip_system_fonts=system, font_dirs=more))


def legible(wanted: Language, fonts: Fonts = INSTALLED) -> tuple[Language, Message | None]:
    """The language that a picture can be in, and what to do where it is not the wanted one.

    Raises:
        InvalidInput: what draws it is not installed.

    """
    if _has(_SAMPLES[wanted], fonts):
        return wanted, None
    if _has(_SAMPLES[Language.EN], fonts):
        return Language.EN, _MISSING[wanted]
    return Language.EN, _MISSING[Language.EN]


def _has(letters: str, fonts: Fonts) -> bool:
    """Whether every letter is drawn as one of its own, and not as the box of those that lack."""
    nobodys = drawn(_letter(_NOBODYS), fonts)
    return all(drawn(_letter(one), fonts) != nobodys for one in letters)


def _letter(one: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60">'
        f'<text y="40" font-family="{FAMILIES}">{one}</text></svg>'
    )
