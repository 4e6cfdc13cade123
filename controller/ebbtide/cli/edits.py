"""Changes that are written on the command line: to a policy, and to the demand it is tried on."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ebbtide.api.compose import Plugins, compose
from ebbtide.api.load import Manifest
from ebbtide.api.parse import parse_policy
from ebbtide.api.yaml_text import read
from ebbtide.cli.durations import seconds
from ebbtide.cli.simulation import POLICY
from ebbtide.errors import InvalidInput
from ebbtide.planning.what_if import WhatIf


class Edit(NamedTuple):
    """A field below `spec`, and what it is set to."""

    path: tuple[str, ...]
    value: Any

    @classmethod
    def of(cls, text: str) -> "Edit":
        """Understand `PATH=VALUE`; the value is YAML, as in a file.

        Raises:
            InvalidInput: it is something else.

        """
        path, sign, written = text.partition("=")
        names = tuple(path.removeprefix("spec.").split("."))
        found = read(written)
        if not sign or not all(names) or found.why or len(found.documents) != 1:
            raise InvalidInput(f"{text!r} is no change; write one like policies.descent.soak=2m")
        return cls(names, found.documents[0].body)


def edited(manifest: Manifest, edits: Sequence[Edit], plugins: Plugins) -> Manifest:
    """The same CapacityPolicy with some fields of its spec changed; others are left as they are.

    Raises:
        InvalidInput: what comes out is not right, with the path of the field.

    """
    if manifest.kind != POLICY or not edits:
        return manifest
    spec = copy.deepcopy(dict(manifest.spec))
    for edit in edits:
        _set(spec, edit)
    compose(parse_policy(spec), plugins)  # refuses what is wrong with plugins too
    return replace(manifest, spec=spec)


def _set(spec: dict[str, Any], edit: Edit) -> None:
    here = spec
    for i, name in enumerate(edit.path[:-1], start=1):
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            field = ".".join(("spec", *edit.path[:i]))
            raise InvalidInput(f"{field} holds no fields, so {edit.path[i]!r} can't be set in it")
    here[edit.path[-1]] = edit.value


def supposed(changes: Sequence[str]) -> WhatIf:
    """Understand `times=1.4` and `later=2h`.

    Raises:
        InvalidInput: one of them is something else.

    """
    found = WhatIf()
    for change in changes:
        name, _, value = change.partition("=")
        if name == "times":
            found = replace(found, times=_factor(value))
        elif name == "later":
            sign = -1 if value.startswith("-") else 1
            moved = sign * seconds("--what-if later", value.removeprefix("-"))
            found = replace(found, later=moved)
        else:
            raise InvalidInput(f"--what-if {change!r}: write times=FACTOR or later=DURATION")
    return found


def _factor(text: str) -> float:
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = -1.0
    if not 0 < factor < float("inf"):
        raise InvalidInput(f"--what-if times={text}: write a factor above zero, like 1.4")
    return factor
