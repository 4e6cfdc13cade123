"""Files that people name on the command line."""

import errno
import os
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


def promise(*paths: pathlib.Path | None) -> None:
    """Refuse files that could not be written before long work is done for them.

    Raises:
        InvalidInput: one is a folder, or stands where nothing can be written.

    """
    for path in filter(None, paths):
        there = next(one for one in (path, *path.absolute().parents) if one.exists())
        wrong = errno.EISDIR if path.is_dir() else 0
        if there != path and not there.is_dir():
            wrong = errno.ENOTDIR
        if not wrong and not os.access(there, os.W_OK):
            wrong = errno.EACCES
        if wrong:
            raise InvalidInput(f"{path} can't be written: {os.strerror(wrong)}")


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
