"""Writes what the loop saw and decided to a file that never grows beyond its limit."""

import contextlib
import json
import logging
import pathlib
from typing import TextIO

from ebbtide.errors import InvalidInput
from ebbtide.loop.replaying.recorder import Recorder
from ebbtide.loop.tick import Tick

log = logging.getLogger(__name__)


class RecordingFile:
    """One line of JSON a tick and workload. At half of its size a file makes room for a new one.

    The one before is kept as `FILE.1`, and each stands alone. Whatever goes wrong here ends the
    recording, and stops no tick.
    """

    def __init__(self, path: pathlib.Path, size: int) -> None:
        """Begin a file; one that is there is kept as `FILE.1`.

        Raises:
            InvalidInput: it can't be written.

        """
        self._path, self._half = path, size / 2
        try:
            self._file: TextIO | None = self._begun()
        except OSError as error:
            raise InvalidInput(f"--record {path} can't be written: {error.strerror}") from error
        self._recorder = Recorder()

    def tell(self, tick: Tick) -> None:
        """Write a tick."""
        if self._file is None:
            return
        try:
            if self._file.tell() > self._half:
                self._file.close()
                self._file, self._recorder = self._begun(), Recorder()
            for line in self._recorder.lines(tick):
                self._file.write(json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n")
            self._file.flush()
        except Exception:
            log.exception("nothing is recorded any more")
            self._end()

    def close(self) -> None:
        """End the file."""
        self._end()

    def _end(self) -> None:
        file, self._file = self._file, None
        with contextlib.suppress(OSError):  # what could not be written is lost anyway
            if file:
                file.close()

    def _begun(self) -> TextIO:
        if self._path.is_file():
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        return self._path.open("w", encoding="utf-8")
