"""What `Tide` reckons blocks of rows with. The first axis is the rows, the last one the series."""

import math

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Rows

F32 = NDArray[np.float32]
Halves = NDArray[np.float16]
Rough = NDArray[np.uint16]


def number(value: float) -> F32:
    """A number to reckon with in every tick.

    One of Python's numpy has to read each time anew: of one series, it costs as much as the sum.
    """
    made = np.array(value, np.float32)
    made.flags.writeable = False
    return made


NOUGHT, ONE = number(0), number(1)
NIL = number(1e-12)
"""Less than any demand; and so much that the largest divided by it, times itself, is a number."""
WIDE = 32
"""Series that are many."""
LARGEST, ROUGH_SCALE = number(100_000), number(2.0**-112)
CUT_OFF, ROUNDING = np.uint32(12), np.uint32(1 << 11)
"""Bits that are cut off a number, and what rounds to the last that is left."""
ROOM = 2**25 - 2**16
"""Bytes of the largest block that the C library learns from how much to keep."""


def keep_room() -> None:
    """Let the memory of large arrays be there for the next ones, rather than given back each time.

    glibc gives it back to the kernel, which has to clear its pages once more: a fifth of a
    warm-up. It keeps twice the size of the largest block that was freed, if that was no larger
    than 32 MiB. So one such is freed; it costs nothing, as nobody touched it.
    """
    np.empty(ROOM, np.uint8)


def blank(*shape: int) -> F32:
    """Room for a block of rows, (T, ..., N), in which the rows of a value lie side by side.

    So numpy goes along many numbers at once also where there are many rows of a single series.
    Where there are many series it does so anyway, and each row lies by itself.
    """
    if shape[0] == 1 or shape[-1] >= WIDE:
        return np.empty(shape, np.float32)
    rows, *between, series = shape
    room = np.empty((*between, rows, series), np.float32)
    return room.transpose(len(between), *range(len(between)), len(between) + 1)


def running(state: F32, new: F32, share: F32) -> F32:
    """Move a running mean on by new values, in place; answer it as it was after each of them.

    Each value counts by its share. The answer for a single value is the state itself.
    """
    if len(new) == 1:
        change = new[0] - state
        change *= share[0]
        state += change
        return state[None]
    return (_stepped if state.shape[-1] >= WIDE else _scanned)(state, new, share)


def _stepped(state: F32, new: F32, share: F32) -> F32:
    """The same for many rows of many series: row by row."""
    path, last = blank(len(new), *state.shape), state
    shares = np.broadcast_to(share, (len(new), *share.shape[1:]))
    for value, part, row in zip(new, shares, path, strict=True):
        np.subtract(value, last, out=row)
        np.multiply(row, part, out=row)
        last = np.add(row, last, out=row)
    state[...] = last
    return path


def _scanned(state: F32, new: F32, share: F32) -> F32:
    """The same for many rows: pieces side by side, each as if nothing was before it, then that."""
    count = len(new)
    length = math.isqrt(count - 1) + 1
    pieces = -(-count // length)
    shapes = share.shape[1:], state.shape
    left, path = (np.empty((pieces * length, *shape), np.float32) for shape in shapes)
    left[count:], path[count:] = 1, 0
    np.subtract(1, share, out=left[:count])
    np.multiply(new, share, out=path[:count])
    in_pieces = path.reshape(pieces, length, *state.shape)
    left = left.reshape(pieces, length, *share.shape[1:])
    for i in range(1, length):
        in_pieces[:, i] += left[:, i] * in_pieces[:, i - 1]
    np.multiply.accumulate(left, axis=1, out=left)
    last = state
    for piece, part in zip(in_pieces, left, strict=True):
        np.add(piece, part * last, out=piece)
        last = piece[-1]
    state[...] = last
    out = blank(count, *state.shape)
    out[:] = path[:count]
    return out


def accumulated(values: F32) -> F32:
    """Sums of all rows up to each."""
    return values if len(values) == 1 else np.asarray(np.add.accumulate(values, axis=0))


def kept(values: F32, most: F32, out: F32 | None = None) -> F32:
    """Values that are no farther from nothing than that; in their place, if that is `out`."""
    return np.asarray(np.minimum(np.maximum(values, -most, out=out), most, out=out))


def total(values: F32, axis: int, *, keepdims: bool = False) -> F32:
    """The sum over an axis; in a tick of one series the way through `sum` would cost as much."""
    if keepdims:
        return np.asarray(np.add.reduce(values, axis=axis, keepdims=True))
    return np.asarray(np.add.reduce(values, axis=axis))


def sharpened(losses: F32, axis: int) -> F32:
    """Weights (lowest loss / loss) ^ 20."""
    fourth = np.asarray(np.minimum.reduce(losses, axis=axis, keepdims=True) / losses, np.float32)
    np.square(np.square(fourth, out=fourth), out=fourth)
    weights = np.square(fourth)
    np.square(weights, out=weights)
    weights *= fourth
    return weights


def packed(values: F32) -> Halves:
    """Values in half the room, true to a tenth of a percent: the root has room for all sizes."""
    roots = np.sqrt(np.sqrt(np.abs(values)))
    return np.copysign(roots, values, out=roots).astype(np.float16)


def unpacked(roots: Halves) -> F32:
    """The values again."""
    values = roots.astype(np.float32)
    np.square(values, out=values)
    np.square(values, out=values)
    return np.copysign(values, roots, out=values)


def window_means(rows: F32, ends: Rows, window: int) -> tuple[F32, F32]:
    """Means of what is known in windows of rows, (ends, N), and of how many rows each is.

    The first `window` rows lie before those among which the ends are numbered, from 0 on.
    """
    known = ~np.isnan(rows)
    filled = np.where(known, rows, NOUGHT)
    added, count = (np.zeros((ends.size, rows.shape[1]), np.float32) for _ in range(2))
    if ends.size == 1:
        here = slice(int(ends[0]) + 1, int(ends[0]) + 1 + window)
        np.add.reduce(filled[here], axis=0, out=added[0])
        np.add.reduce(known[here], axis=0, dtype=np.float32, out=count[0])
    else:
        for i in range(1, window + 1):
            added += filled[i + ends]
            count += known[i + ends]
    added /= np.maximum(count, ONE)
    return added, count


def rough(sizes: F32) -> Rough:
    """Sizes in half the room, true to a four thousandth: five bits of exponent, eleven of digits.

    None may be less than nothing. One beyond `LARGEST` is kept as that, and one below a sixteen
    thousandth less truly.
    Halves are as small, but thousands of them take ten times as long to make and to read.
    """
    scaled = np.minimum(sizes, LARGEST)
    scaled *= ROUGH_SCALE  # so that the upper four bits of the exponent are none
    bits = scaled.view(np.uint32)
    bits += ROUNDING
    bits >>= CUT_OFF
    return bits.astype(np.uint16)


def from_rough(bits: Rough) -> F32:
    """The sizes again."""
    whole = bits.astype(np.uint32)
    whole <<= CUT_OFF
    sizes: F32 = whole.view(np.float32)
    sizes /= ROUGH_SCALE
    return sizes
