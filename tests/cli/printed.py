"""What commands print for programs, held against published schemas, and what reports show."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from ebbtide.cli.schema import Printed, schema

_WORD = re.compile(r"[A-Za-z]{2,}")
_CODE = re.compile(r"(?:[A-Z][a-z]+){2,}|Peace|Prewarm|War|Ebb")
"""A reason or a phase: they are the same in every language."""
_ENGLISH = re.compile(r"[A-Za-z']+(?:,? [A-Za-z']+)+")


@cache
def _validator(of: Printed) -> jsonschema.Draft202012Validator:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema(of), format_checker=checker)


def checked(of: Printed, text: str) -> Any:
    """What a command printed, once its schema has found nothing wrong with it."""
    found = json.loads(text)
    _validator(of).validate(found)
    return found


def shown(page: Path) -> str:
    """What a report says to who reads it."""
    body = page.read_text("utf-8").partition("<body>")[2].partition("<script>")[0]
    return re.sub("<[^>]*>", "\n", body)


def english(page: Path) -> set[str]:
    """Whatever in a report reads like a sentence in English."""
    return set(_ENGLISH.findall(shown(page)))


def words(text: str) -> set[str]:
    """The words in Latin letters that a terminal shows, without reasons and phases."""
    return {word for word in _WORD.findall(text) if not _CODE.fullmatch(word)}
