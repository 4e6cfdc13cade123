"""Prometheus' remote write 1.0, written by hand: protobuf fields and snappy without compression."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The value that ends a series at once, as a scrape that fails writes it."""

_BLOCK = 1 << 16


class Series(NamedTuple):
    """One series and some of its samples: epoch seconds and values, in order."""

    name: str
    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]


def write_request(series: Iterable[Series]) -> bytes:
    """Encode a WriteRequest, ready to be sent."""
    return _snappy(b"".join(_field(1, _series(each)) for each in series))


def _series(series: Series) -> bytes:
    labels = sorted({"__name__": series.name, **series.labels}.items())
    parts = [_field(1, _field(1, k.encode()) + _field(2, v.encode())) for k, v in labels]
    parts += [_field(2, _sample(at, value)) for at, value in series.samples]
    return b"".join(parts)


def _sample(at: float, value: float) -> bytes:
    """Field 1 is a double, field 2 the milliseconds."""
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(round(at * 1000))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _snappy(data: bytes) -> bytes:
    """Frame data as literals of two length bytes each: valid snappy, as long as it was."""
    blocks = [data[i : i + _BLOCK] for i in range(0, len(data), _BLOCK)]
    literals = (b"\xf4" + struct.pack("<H", len(block) - 1) + block for block in blocks)
    return _varint(len(data)) + b"".join(literals)
