"""The words of a plan and of a comparison, on a page and on a terminal, in every language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ebbtide_policies.message import Message

LANGUAGE = "Language of what people read here, and of the report; --json and errors are English."


class Language(StrEnum):
    """A language that people are told in."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Words(Mapping[str, str]):
    """All words in one language, and how it tells what the code says in English."""

    own: Mapping[str, str]
    templates: Mapping[str, str]
    """What stands for the English templates of messages."""

    def __getitem__(self, key: str) -> str:
        return self.own[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.own)

    def __len__(self) -> int:
        return len(self.own)

    def told(self, message: Message) -> str:
        """A sentence; in English where nobody has translated it, as that of a plugin."""
        return message.told(self.templates)


@cache
def translations(language: Language) -> Words:
    """All that is said in one language."""
    every = _read("translations.yaml") | _read("terminal.yaml")
    own = {key: said[language.value] for key, said in every.items()}
    return Words(own, {} if language is Language.EN else _read("messages.yaml"))


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        files("ebbtide.cli.report").joinpath(name).read_text("utf-8")
    )
    return found
