"""Files that people name on the command line."""

import pathlib
import sys

from ebbtide.errors import InvalidInput


def read(name: str | pathlib.Path) -> str:
    """The text of a file; `-` is standard input.

    Raises:
        InvalidInput: it can't be read, or is no text.

    """
    if str(name) == "-":
        return sys.stdin.read()
    try:
        return pathlib.Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} is not text in UTF-8") from error
