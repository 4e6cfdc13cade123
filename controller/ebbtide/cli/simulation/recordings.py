"""Files of recorded demand that people name: CSV or Parquet, whatever they are called."""

import pathlib

from ebbtide.adapters import parquet
from ebbtide.cli.files import read
from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.recording import Recording, Row, read_recording, recording_of


def recording_in(path: pathlib.Path) -> Recording:
    """What a file, CSV or Parquet, holds on its own grid.

    Raises:
        InvalidInput: the file can't be read or understood.

    """
    return _parquet(path) if _is_parquet(path) else _csv(path)


def _is_parquet(path: pathlib.Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(parquet.MAGIC)) == parquet.MAGIC


def _csv(path: pathlib.Path) -> Recording:
    text = read(path)
    try:
        return read_recording(text)
    except InvalidInput as error:
        raise InvalidInput(f"{path}, {error}") from error


def _parquet(path: pathlib.Path) -> Recording:
    rows = list(parquet.rows(path))
    try:
        return recording_of(Row(*row) for row in rows)
    except InvalidInput as error:
        raise InvalidInput(f"{path}, row {error}") from error
