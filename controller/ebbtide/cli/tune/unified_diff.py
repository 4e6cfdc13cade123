"""A change of a file as `git apply` and `patch -p1` take it, in the folder that it is made in."""

import difflib
import io
import pathlib

_NO_NEWLINE = "\n\\ No newline at end of file\n"


def unified(path: str, before: str, after: str) -> str:
    """The change of a text; empty where there is none."""
    name = _named(path)
    changed = difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}")
    return "".join(one if one.endswith("\n") else f"{one}{_NO_NEWLINE}" for one in changed)


def _named(path: str) -> str:
    """A file as seen from here; one that is elsewhere, as seen from the root.

    A tab ends a name with spaces in it.
    """
    whole, here = pathlib.Path(path).absolute(), pathlib.Path.cwd()
    near = whole.relative_to(here if whole.is_relative_to(here) else whole.anchor).as_posix()
    return f"{near}\t" if " " in near else near


def _lines(text: str) -> list[str]:
    """Lines with what ends them, whatever that is."""
    return list(io.StringIO(text, newline="\n"))
