"""Reads YAML as kubectl and the API server do, and keeps the line of every field.

They read with `sigs.k8s.io/yaml`: `19:00` and dates stay text, and `no`, `off` and `y` are truth
values, as in YAML 1.1. What they would let pass in silence, a field written twice, is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

Path = tuple[str | int, ...]
"""The way to a field: names of fields, keys of maps and indices of lists."""

_PLAIN = "plain"
_TEXT = "tag:yaml.org,2002:str"
_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"([-+]?)0([0-7]+)")
_MOST_REPEATED = 100_000
"""Values that anchors may repeat in one document: a few lines of them can ask for billions."""


class Fault(NamedTuple):
    """Something wrong with a field, and why."""

    at: Path
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its content, and the line of every field in it."""

    body: Any
    lines: Mapping[Path, int]
    faults: tuple[Fault, ...] = ()

    def line(self, at: Path) -> int:
        """The line of a field, or of the nearest thing around it that is written."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)


class Text(NamedTuple):
    """What a text holds, up to the place where it stops being YAML."""

    documents: tuple[Document, ...]
    broken_at: int = 0
    why: str = ""


class _TooMuch(Exception):
    """Anchors that stand for more than anybody writes."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"its anchors repeat more than {_MOST_REPEATED:,} values")


class _Loader(yaml.SafeLoader):
    """Leaves what an unquoted word means to us."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        return str(super().resolve(kind, value, (False, True)))  # type: ignore[no-untyped-call]


def read(text: str) -> Text:
    """Read every document of a text; empty ones are left out."""
    found: list[Document] = []
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            document = _Reader().document(node)
            if document.body is not None:
                found.append(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(filter(None, (error.context, error.problem)))
        return Text(tuple(found), mark.line + 1 if mark else 1, why)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Text(tuple(found), line, f"a character that YAML forbids: {error.character!r}")
    except _TooMuch as error:
        return Text(tuple(found), error.line, str(error))
    except RecursionError:
        return Text(tuple(found), 1, "brackets or maps stand in one another hundreds deep")
    return Text(tuple(found))


@dataclass(slots=True)
class _Reader:
    """Turns the nodes of one document into plain values."""

    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _open: list[yaml.Node] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)
    _repeated: int = 0

    def document(self, node: yaml.Node) -> Document:
        body = self._value(node, ())
        return Document(body, self.lines, tuple(self.faults))

    def _value(self, node: yaml.Node, at: Path) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        self._count(node)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if node in self._open:
            self.faults.append(Fault(at, "an anchor stands inside itself"))
            return None
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, at)
            return [self._value(item, (*at, i)) for i, item in enumerate(node.value)]
        finally:
            self._open.pop()

    def _count(self, node: yaml.Node) -> None:
        """Note that a node is read; one that anchors bring again and again is too much."""
        self._repeated += id(node) in self._seen
        self._seen.add(id(node))
        if self._repeated > _MOST_REPEATED:
            raise _TooMuch(node.start_mark.line + 1)

    def _mapping(self, node: yaml.MappingNode, at: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        below: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                below |= self._merged(value_node, at)
                continue
            key = _key(key_node)
            here = (*at, key)
            if key in result:
                self.faults.append(Fault(here, f"{key!r} is written twice"))
            self.lines[here] = key_node.start_mark.line + 1
            result[key] = self._value(value_node, here)
        return below | result

    def _merged(self, node: yaml.Node, at: Path) -> dict[str, Any]:
        """What a merge key (`<<`) brings along; of several maps the first wins."""
        value = self._value(node, (*at, "<<"))
        result: dict[str, Any] = {}
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                result = part | result
            else:
                self.faults.append(Fault(at, "<< takes a map"))
        return result


def _key(node: yaml.Node) -> str:
    value = _scalar(node) if isinstance(node, yaml.ScalarNode) else node.value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _scalar(node: yaml.ScalarNode) -> Any:
    """The value of a word; what stands in quotes is text."""
    return _plain(node.value) if node.tag != _TEXT else node.value


def _plain(word: str) -> bool | int | float | str | None:
    if word in _NULL:
        return None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    number = _number(word.replace("_", "")) if word[0] in "+-.0123456789" else None
    return word if number is None else number


def _number(word: str) -> int | float | None:
    """A number; one without a fraction becomes a whole number, as on the way through JSON."""
    octal = _OCTAL.fullmatch(word)
    try:
        return int(f"{octal[1]}0o{octal[2]}" if octal else word, 0)
    except ValueError:
        pass
    if not _FLOAT.fullmatch(word):
        return None
    number = float(word)
    return int(number) if number.is_integer() else number


def fields(body: Any, at: Path = ()) -> Iterable[tuple[Path, Any]]:
    """Walk through everything inside a value, with the way to it."""
    yield at, body
    if isinstance(body, dict):
        for key, value in body.items():
            yield from fields(value, (*at, key))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from fields(value, (*at, index))
