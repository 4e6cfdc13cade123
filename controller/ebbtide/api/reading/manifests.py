"""Reads files of our resources, and says everything that is wrong with them, by line and field."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Annotated, Any, NamedTuple

from pydantic import ConfigDict, Field

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.fields.rules import Spec
from ebbtide.api.kinds import API_VERSION, CAPACITY_POLICY, GROUP, KINDS
from ebbtide.api.reading.compose import Installed, name_faults
from ebbtide.api.reading.error_messages import place, unknown
from ebbtide.api.reading.parse import understand
from ebbtide.api.yaml_text import Document, Fault, Text, read
from ebbtide.errors import InvalidInput


class Problem(NamedTuple):
    """Something wrong in a file."""

    path: str
    line: int
    field: str
    why: str

    def __str__(self) -> str:
        """`FILE:LINE: spec.replicas.max: why`."""
        where = f"{self.path}:{self.line}"
        return f"{where}: {self.field}: {self.why}" if self.field else f"{where}: {self.why}"


_NOWHERE = Document(None, {})
_NOTHING = Installed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One of our resources as it stands in a file, known to be right."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    path: str = field(default="", compare=False)
    """The file."""
    document: Document = field(default=_NOWHERE, compare=False, repr=False)

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    def line(self, *at: str | int) -> int:
        """The line of a field of its spec, or of the nearest thing around it that is written."""
        return self.document.line(("spec", *at))


class _Metadata(Spec):
    """What we read of an object's metadata."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")] = Field(
        description="Small letters, digits, - and dots."
    )
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")] = Field(
        "default", description="Small letters, digits and -."
    )
    labels: dict[str, str] = Field({}, description="Labels, by which overrides find it.")
    annotations: dict[str, str] = Field({}, description="Remarks.")


class _Object(Spec):
    """Any Kubernetes object of ours."""

    api_version: str = Field(description="The version of our API.")
    kind: str = Field(description="The kind of resource.")
    metadata: _Metadata = Field(description="Its name and namespace.")
    spec: dict[str, Any] = Field(description="What it says.")


def check(texts: Mapping[str, str], installed: Installed = _NOTHING) -> list[Problem]:
    """Find everything that is wrong in files, given as texts by their names."""
    return _problems(_read(texts), installed)


def load(texts: Mapping[str, str], installed: Installed = _NOTHING) -> list[Manifest]:
    """Read every resource of ours in files, given as texts by their names.

    Raises:
        InvalidInput: one line for each problem.

    """
    found = _read(texts)
    problems = _problems(found, installed)
    if problems:
        raise InvalidInput("\n".join(map(str, problems)))
    return [
        _manifest(path, document)
        for path, text in found.items()
        for document in _objects(text.documents)
        if _is_ours(document.body)
    ]


def _read(texts: Mapping[str, str]) -> Mapping[str, Text]:
    return {path: read(text) for path, text in texts.items()}


def _problems(found: Mapping[str, Text], installed: Installed) -> list[Problem]:
    each = [problem for path, text in found.items() for problem in _check(path, text, installed)]
    return each or list(_written_twice(found))


def _written_twice(found: Mapping[str, Text]) -> Iterator[Problem]:
    """Objects of one kind and name: `kubectl apply` would let the last one win in silence."""
    first: dict[tuple[str, str, str], str] = {}
    for path, text in found.items():
        for document in filter(lambda one: _is_ours(one.body), _objects(text.documents)):
            one, line = _manifest(path, document), document.line(("metadata", "name"))
            name = one.kind, one.namespace, one.name
            if name in first:
                shown = f"{one.kind} {one.key}"
                why = f"{shown} is written twice, first in {first[name]}"
                yield Problem(path, line, "metadata.name", why)
            first.setdefault(name, f"{path}:{line}")


def _manifest(path: str, document: Document) -> Manifest:
    body = document.body
    metadata = body["metadata"]
    return Manifest(
        kind=body["kind"],
        namespace=metadata.get("namespace", "default"),
        name=metadata["name"],
        labels=metadata.get("labels", {}),
        spec=body["spec"],
        path=path,
        document=document,
    )


def _check(path: str, found: Text, installed: Installed) -> Iterator[Problem]:
    objects = list(_objects(found.documents))
    for document in objects:
        faults = sorted(_faults(document, installed), key=lambda fault: document.line(fault.at))
        for fault in faults:
            yield Problem(path, document.line(fault.at), place(fault.at), fault.why)
    if found.why:
        yield Problem(path, found.broken_at, "", f"this is not YAML: {found.why}")
    elif not any(_is_ours(document.body) for document in objects):
        yield Problem(path, 1, "", f"no resource of {API_VERSION} is in this file")


def _objects(documents: Iterable[Document]) -> Iterator[Document]:
    """Every object of these documents; a List is its items."""
    for document in documents:
        body = document.body
        items = body.get("items") if isinstance(body, dict) and body.get("kind") == "List" else None
        if isinstance(items, list):
            yield from (_item(document, i) for i in range(len(items)))
        else:
            yield document


def _item(document: Document, index: int) -> Document:
    here = ("items", index)
    lines = {path[2:]: line for path, line in document.lines.items() if path[:2] == here}
    faults = tuple(Fault(f.at[2:], f.why) for f in document.faults if f.at[:2] == here)
    return replace(document, body=document.body["items"][index], lines=lines, faults=faults)


def _group(body: Mapping[str, Any]) -> str:
    return str(body.get("apiVersion", "")).partition("/")[0]


def _is_ours(body: Any) -> bool:
    """Whether an object is of our group, or was meant to be."""
    if not isinstance(body, dict):
        return False
    return body.get("kind") in KINDS or bool(get_close_matches(_group(body), [GROUP], cutoff=0.8))


def _faults(document: Document, installed: Installed) -> Iterator[Fault]:
    """Everything that is wrong with one object; those of other people are passed over."""
    yield from document.faults
    body = document.body
    if not isinstance(body, dict):
        yield Fault((), "this is no object; write apiVersion, kind, metadata and spec")
    elif _is_ours(body):
        yield from _type_faults(body)
        yield from _object_faults(body, installed)


def _type_faults(body: Mapping[str, Any]) -> Iterator[Fault]:
    version, kind = body.get("apiVersion", API_VERSION), body.get("kind", CAPACITY_POLICY.name)
    if version != API_VERSION:
        yield Fault(("apiVersion",), f"{version!r} is not known; write {API_VERSION}")
    if kind not in KINDS:
        yield Fault(("kind",), f"{kind!r} {unknown(kind, KINDS)}")


def _object_faults(body: dict[str, Any], installed: Installed) -> Iterator[Fault]:
    outside = understand(_Object, _outside(body))
    yield from outside if isinstance(outside, list) else ()
    kind, spec = KINDS.get(str(body.get("kind"))), body.get("spec")
    if kind and isinstance(spec, dict):
        yield from _in_spec(kind.spec, spec, installed)


def _outside(body: dict[str, Any]) -> dict[str, Any]:
    """What stands around the spec, without the nulls that tools leave in metadata and status."""
    result = {key: value for key, value in body.items() if key != "status"}
    if isinstance(body.get("metadata"), dict):
        result["metadata"] = {k: v for k, v in body["metadata"].items() if v is not None}
    if isinstance(body.get("spec"), dict):
        result["spec"] = {}
    return result


def _in_spec(model: type[Spec], spec: dict[str, Any], installed: Installed) -> Iterator[Fault]:
    found = understand(model, spec)
    if isinstance(found, CapacityPolicySpec):
        found_faults = list(name_faults(found, installed))
    else:
        found_faults = found if isinstance(found, list) else []
    for fault in found_faults:
        yield Fault(("spec", *fault.at), fault.why)
