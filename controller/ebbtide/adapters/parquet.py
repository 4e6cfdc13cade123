"""Recorded demand in a Parquet file: two of its columns, as the texts that a CSV would have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.recording import missing_columns

MAGIC = b"PAR1"
"""What every Parquet file begins and ends with."""
_NANO = 1e9
Row = tuple[int, str, str]
"""Its number, counted from 1, its timestamp and its value."""


def rows(path: Path) -> Iterator[Row]:
    """Read the columns `timestamp` and `value`; a missing value is an empty text.

    Raises:
        InvalidInput: the file can't be read, has no such columns, or pyarrow is not installed.

    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise InvalidInput(f"{path} is Parquet: `pip install ebbtide[parquet]` reads it") from error
    try:
        missing = missing_columns(parquet.read_schema(path).names)
        table = None if missing else parquet.read_table(path, columns=["timestamp", "value"])
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path} can't be read: {str(error).partition(chr(10))[0]}") from error
    if table is None:
        raise InvalidInput(f"{path}: {missing}")
    moments, values = _moments(table["timestamp"], pa), _texts(table["value"])
    for number, (moment, value) in enumerate(zip(moments, values, strict=True), start=1):
        yield number, moment, value


def _moments(column: Any, pa: Any) -> list[str]:
    """Moments as epoch seconds; what is no moment stays as it is. Without a zone they are UTC."""
    if not pa.types.is_timestamp(column.type):
        return _texts(column)
    exact = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64()).to_pylist()
    return ["" if moment is None else str(moment / _NANO) for moment in exact]


def _texts(column: Any) -> list[str]:
    return ["" if value is None else str(value) for value in column.to_pylist()]
