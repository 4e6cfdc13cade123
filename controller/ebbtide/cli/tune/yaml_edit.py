"""Sets fields in the text of a file as somebody has written it; all else stays, comments too."""

import json
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import yaml

from ebbtide.api.yaml_text import Path, read
from ebbtide.cli.simulation.edits import Edit, put
from ebbtide.errors import InvalidInput


def with_edits(text: str, kind: str, edits: Sequence[Edit]) -> str:
    """The text of a file with fields set in the spec of its one object of a kind.

    Raises:
        InvalidInput: a field stands there in a way that can't be changed in its place.

    """
    return reduce(lambda before, edit: _with_edit(before, kind, edit), edits, text)


def _with_edit(text: str, kind: str, edit: Edit) -> str:
    """The text with one more field set; read again, as it may not mean what it seems to."""
    found = _set(text, kind, edit)
    wanted = [document.body for document in read(text).documents]
    for one in _objects(wanted, kind):
        put(one["spec"], edit, "spec")
    if [document.body for document in read(found).documents] != wanted:
        raise InvalidInput(
            f"spec.{'.'.join(edit.path)} can't be set where it stands, as where an anchor or a "
            f"merge brings it: write {_flow(edit.value)} there by hand"
        )
    return found


def _objects(bodies: Sequence[Any], kind: str) -> Iterator[dict[str, Any]]:
    """The objects of a kind, those in a List too."""
    for body in bodies:
        for one in (body, *(body.get("items") or ())) if isinstance(body, dict) else ():
            if isinstance(one, dict) and one.get("kind") == kind:
                yield one


# --- places in the text -----------------------------------------------------------------------


def _set(text: str, kind: str, edit: Edit) -> str:
    node, names = _object(text, kind), ("spec", *edit.path)
    for depth, name in enumerate(names):
        below = _field(node, name)
        if below is None:
            return _added(text, node, names[depth:], edit.value)
        node = below
    return f"{text[: node.start_mark.index]}{_flow(edit.value)}{text[_end(node, text) :]}"


def _object(text: str, kind: str) -> Any:
    """The node of the first object of a kind."""
    for root in yaml.compose_all(text, Loader=yaml.SafeLoader):
        items = _field(root, "items")
        for node in (root, *(items.value if isinstance(items, yaml.SequenceNode) else ())):
            found = _field(node, "kind")
            if found is not None and found.value == kind:
                return node
    raise InvalidInput(f"there is no {kind}")


def _field(node: yaml.Node, name: str) -> Any:
    """The node of a field; None where it is not written."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def _end(node: yaml.Node, text: str) -> int:
    """Where a value ends: that of a block where the last that stands in it does."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if getattr(node, "style", None) in ("|", ">") else end


# --- what is written there --------------------------------------------------------------------


def _added(text: str, node: Any, names: Path, value: Any) -> str:
    """The text with a field, and what it stands in, behind all others of a map."""
    at = _end(node, text)
    if not node.flow_style:
        stop = text.find("\n", at)
        at = stop if stop >= 0 else len(text)
        at -= text[:at].endswith("\r")
        newline = "\r\n" if "\r\n" in text else "\n"
        column = node.value[0][0].start_mark.column
        return f"{text[:at]}{newline}{newline.join(_block(names, value, column))}{text[at:]}"
    pair = _flow(reduce(lambda inner, name: {name: inner}, reversed(names), value))[1:-1]
    if not node.value:
        at = node.start_mark.index + 1
        return f"{text[:at]}{pair}{text[at:]}"
    at = _end(node.value[-1][1], text)
    return f"{text[:at]}, {pair}{text[at:]}"


def _block(names: Path, value: Any, column: int) -> Iterator[str]:
    for depth, name in enumerate(names):
        said = f" {_flow(value)}" if depth == len(names) - 1 else ""
        yield f"{' ' * (column + 2 * depth)}{_flow(name)}:{said}"


def _flow(value: Any) -> str:
    """A value in one line, such as it may stand between brackets."""
    said: str = yaml.safe_dump(
        [value], default_flow_style=True, sort_keys=False, width=float("inf")
    )
    word = said.strip()[1:-1]
    same = [document.body for document in read(f"[{word}]").documents] == [[value]]
    return word if same else json.dumps(value, ensure_ascii=False)
