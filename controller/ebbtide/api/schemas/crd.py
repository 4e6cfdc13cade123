"""Writes the CustomResourceDefinitions, always the same text for the same models."""

from typing import Any

import yaml
from pydantic.alias_generators import to_snake

from ebbtide.api.kinds import GROUP, KINDS, VERSION, Column, Kind
from ebbtide.api.schemas.structural import Schema, structural

_HEADER = "# Written by `make generate` from ebbtide.api; change the models there.\n"
_TYPE_META = {
    "apiVersion": {
        "type": "string",
        "description": "Version of the schema of this object, as everywhere in Kubernetes.",
    },
    "kind": {"type": "string", "description": "Kind of this object, as everywhere in Kubernetes."},
    "metadata": {"type": "object"},
}


def crds() -> dict[str, str]:
    """Every CustomResourceDefinition as YAML, by the name of its file."""
    return {f"{GROUP}_{kind.plural}.yaml": crd_yaml(kind) for kind in KINDS.values()}


def crd_yaml(kind: Kind) -> str:
    """The CustomResourceDefinition of one kind as YAML."""
    return _HEADER + yaml.dump(_crd(kind), Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes everything out: an anchor is harder to read than the text twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _crd(kind: Kind) -> dict[str, Any]:
    names = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "shortNames": list(kind.short_names),
        "categories": ["ebbtide"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": names,
            "versions": [_version(kind)],
        },
    }


def _version(kind: Kind) -> dict[str, Any]:
    status: dict[str, Any] = {"subresources": {"status": {}}} if kind.status else {}
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        **status,
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": _schema(kind)},
    }


def _column(column: Column) -> dict[str, Any]:
    said = {"name": column.title, "type": column.type, "jsonPath": column.path}
    return said | {"priority": 1} if column.wide else said


def _schema(kind: Kind) -> Schema:
    status = {"status": structural(kind.status)} if kind.status else {}
    return {
        "type": "object",
        "description": structural(kind.spec)["description"],
        "properties": {**_TYPE_META, "spec": _spec(kind), **status},
        "required": ["spec"],
    }


def _spec(kind: Kind) -> Schema:
    """The schema of a spec, with the few defaults that the API server writes."""
    schema = structural(kind.spec)
    properties = dict(schema["properties"])
    for name in kind.stored:
        default = kind.spec.model_fields[to_snake(name)].default
        properties[name] = properties[name] | {"default": _plain(default)}
    return schema | {"properties": properties}


def _plain(default: object) -> object:
    return str(default) if isinstance(default, str) else default
