"""The words of a report, in every language that it speaks."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml


class Language(StrEnum):
    """A language of the report."""

    EN = "en"
    ZH = "zh"


@cache
def translations(language: Language) -> Mapping[str, str]:
    """Every word of a report in one language."""
    text = files("ebbtide.cli.report").joinpath("translations.yaml").read_text("utf-8")
    return {key: said[language.value] for key, said in yaml.safe_load(text).items()}
