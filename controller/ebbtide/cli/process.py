"""The process around a command: what its terminal can show, what its log says, how it ends."""

import codecs
import contextlib
import logging
import os
import sys

INTERRUPTED = 130
"""The exit code of what Ctrl-C has ended, as shells have it."""
_DRAWN = {"█": "#", "░": ".", "→": ">", "…": "~", "─": "-", "━": "-", "│": "|"}
"""What stands for what is drawn, where a terminal has no Unicode."""
_PLAIN = "ebbtide-plain"


def speak_plainly() -> None:
    """Let a terminal without Unicode (LC_ALL=C, Latin-1) show what it can, in place of failing."""
    codecs.register_error(_PLAIN, _plain)
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-")
        if encoding not in {"utf-8", "utf8"} and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_PLAIN)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join(_DRAWN.get(letter, "?") for letter in found), error.end


class _OneLine(logging.Formatter):
    """A sentence, and of an exception its last line: a command is not debugged by its reader."""

    def format(self, record: logging.LogRecord) -> str:
        failure = record.exc_info[1] if record.exc_info else None
        why = f": {type(failure).__name__}: {failure}" if failure else ""
        return f"ebbtide: {record.getMessage()}{why}"


class _Once(logging.Filter):
    """What is logged at every tick of a replay is told once."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        sentence = record.getMessage()
        new = sentence not in self._told
        self._told.add(sentence)
        return new


def log_in_lines() -> None:
    """Send warnings of a command to standard error, one line each and once each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OneLine())
    handler.addFilter(_Once())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def flush() -> None:
    """Write out what is still held back, while somebody can be told that it failed."""
    if sys.stdout:
        sys.stdout.flush()


def give_up_output() -> None:
    """Let nothing more be written: at its end Python would try, and fail, once more."""
    with contextlib.suppress(OSError):
        flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
