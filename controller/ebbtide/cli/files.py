"""Files that people name on the command line."""

import pathlib
import sys

from ebbtide.errors import InvalidInput


def read(name: str | pathlib.Path) -> str:
    """The text of a file; `-` is standard input.

    Raises:
        InvalidInput: it can't be read, or is no text.

    """
    try:
        raw = sys.stdin.buffer.read() if str(name) == "-" else pathlib.Path(name).read_bytes()
        return raw.decode()
    except OSError as error:
        raise InvalidInput(f"{name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} is not text in UTF-8") from error


def write(path: pathlib.Path, what: str | bytes) -> None:
    """Write a file, text in UTF-8, and the folder that it stands in.

    Raises:
        InvalidInput: it can't be written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(what.encode() if isinstance(what, str) else what)
    except OSError as error:
        raise InvalidInput(f"{path} can't be written: {error.strerror}") from error
