"""Changes that are written on the command line: to a policy, or to a scenario."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.compose import Installed, check_names, compose
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.api.yaml_text import read
from ebbtide.errors import InvalidInput
from ebbtide_policies.observation import Phase


class Edit(NamedTuple):
    """A field below `spec`, and what it is set to."""

    path: tuple[str, ...]
    value: Any

    @classmethod
    def of(cls, text: str, option: str = "", example: str = "policies.descent.soak=2m") -> "Edit":
        """Understand `PATH=VALUE`; the value is YAML, as in a file.

        `option` is named in an error, with an example.

        Raises:
            InvalidInput: it is something else.

        """
        path, sign, written = text.partition("=")
        names = tuple(path.removeprefix("spec.").split("."))
        found = read(written)
        if not sign or not all(names) or found.why or len(found.documents) != 1:
            said = f"{option} {text!r}".strip()
            raise InvalidInput(f"{said} is no change; write one like {example}")
        return cls(names, found.documents[0].body)


def edited(manifest: Manifest, edits: Sequence[Edit], installed: Installed) -> Manifest:
    """The same CapacityPolicy with some fields of its spec changed; others are left as they are.

    Raises:
        InvalidInput: what comes out is not right, with the policy and the path of the field.

    """
    if manifest.kind != CAPACITY_POLICY.name or not edits:
        return manifest
    spec = copy.deepcopy(dict(manifest.spec))
    try:
        for edit in edits:
            put(spec, edit, "spec")
        check_names(parse_policy(spec), installed)
    except InvalidInput as error:
        told = "\n".join(f"{manifest.key}: {line}" for line in str(error).splitlines())
        raise InvalidInput(told) from error
    return replace(manifest, spec=spec)


def that_change(manifest: Manifest, edits: Sequence[Edit], installed: Installed) -> Sequence[Edit]:
    """Those of some changes without which a CapacityPolicy would mean something else.

    What is set to the value that holds there anyway, written or by default, is left out.

    Raises:
        InvalidInput: what comes out is not right, with the policy and the path of the field.

    """
    kept, wanted = list(edits), _meant(edited(manifest, edits, installed), installed)
    for edit in edits:
        fewer = [one for one in kept if one is not edit]
        if _meant(edited(manifest, fewer, installed), installed) == wanted:
            kept = fewer
    return kept


def _meant(manifest: Manifest, installed: Installed) -> Sequence[str]:
    """All that a policy says, in every phase, in a form that can be compared."""
    spec = parse_policy(manifest.spec)
    settings = (
        f"{policy.name} {phase} {policy.settings!r}"
        for phase in Phase
        for policy in compose(spec, installed.plugins, phase)
    )
    return [repr(spec.model_copy(update={"policies": None})), *settings]


def put(written: dict[str, Any], edit: Edit, root: str) -> None:
    """Set a field of what is written; `root` is what it is a field of.

    Raises:
        InvalidInput: a part of the path holds no fields.

    """
    here = written
    for i, name in enumerate(edit.path[:-1], start=1):
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            field = ".".join((root, *edit.path[:i]))
            raise InvalidInput(f"{field} holds no fields, so {edit.path[i]!r} can't be set in it")
    here[edit.path[-1]] = edit.value
