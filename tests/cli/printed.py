"""What commands print for programs, held against the schemas that are published."""

import json
from functools import cache
from typing import Any

import jsonschema

from ebbtide.cli.schema import Printed, schema


@cache
def _validator(of: Printed) -> jsonschema.Draft202012Validator:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema(of), format_checker=checker)


def checked(of: Printed, text: str) -> Any:
    """What a command printed, once its schema has found nothing wrong with it."""
    found = json.loads(text)
    _validator(of).validate(found)
    return found
