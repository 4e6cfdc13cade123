"""Pictures are in a language only where a font has its letters."""

from pathlib import Path

import pytest

from ebbtide.cli.report.fonts import Fonts, legible
from ebbtide.cli.report.translations import Language, translations
from tests.cli.conftest import Ebbtide
from tests.cli.samples import EDGE, HILL, csv, write

pytest.importorskip("resvg_py", reason="needs the extra 'png'")

NONE = Fonts(installed=False)
PLAN = ("plan", "edge.yaml", "--csv", "hill.csv", "--report", "plan.png", "--lang", "zh")


def latin() -> Fonts:
    """Fonts that have Latin letters and no Chinese ones."""
    found = Path("/usr/share/fonts").rglob("dejavu")
    return Fonts(installed=False, folders=tuple(str(path) for path in found if path.is_dir()))


def test_without_a_font_no_word_is_promised() -> None:
    for wanted in Language:
        language, lacking = legible(wanted, NONE)
        assert language is Language.EN
        assert "no words" in str(lacking)


def test_without_chinese_letters_the_picture_is_in_english_and_says_what_to_install() -> None:
    fonts = latin()
    if not fonts.folders:
        pytest.skip("needs a font (Debian package 'fonts-dejavu-core')")
    assert legible(Language.EN, fonts) == (Language.EN, None)
    language, lacking = legible(Language.ZH, fonts)
    assert language is Language.EN
    assert lacking
    assert "fonts-noto-cjk" in str(lacking)
    assert "fonts-noto-cjk" in translations(Language.ZH).told(lacking)


def test_a_picture_in_chinese_has_no_boxes(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE, hill_csv=csv(HILL[:20]))
    told = ebbtide(*PLAN)
    assert told.code == 0
    language, lacking = legible(Language.ZH)
    assert bool(lacking) == (language is not Language.ZH) == ("fonts-" in told.err)
    assert ebbtide(*PLAN[:-1], language.value).code == 0
    again = Path("plan.png").read_bytes()
    assert ebbtide(*PLAN).code == 0
    assert Path("plan.png").read_bytes() == again  # Chinese where it can be, else just as English


def test_an_english_picture_and_other_reports_say_nothing_of_chinese_letters(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, edge_yaml=EDGE, hill_csv=csv(HILL[:20]))
    for report, language in (("plan.svg", "zh"), ("plan.html", "zh"), ("plan.png", "en")):
        told = ebbtide(*PLAN[:4], "--report", report, "--lang", language)
        assert (told.code, "fonts-noto-cjk" in told.err) == (0, False)
    assert 'xml:lang="zh"' in Path("plan.svg").read_text("utf-8")
