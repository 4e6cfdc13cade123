"""Normal equations of least squares: many small ones, of all anchors and series, side by side."""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.frame import Band

MANY = 16
"""Rows from which on products of matrices are quicker."""
ABREAST = 64
"""Series from which on they are not: so many are multiplied abreast."""
FEW = 8
"""Series up to which their equations are solved one by one."""
STEADY = np.float32(1 + 4e-6)
"""By how many times diagonals are made larger: of terms that are alike over thousands of rows,
nothing would be left but what was rounded."""


@lru_cache
def pairs(count: int) -> tuple[Rows, Rows]:
    """The terms of each product."""
    return np.triu_indices(count, 0, count + 1)


def places(count: int) -> Rows:
    """Where `add_products` adds the product of each two terms, (count, count + 1)."""
    order = np.zeros((count + 1, count + 1), int)
    order[np.triu_indices(count + 1)] = np.arange((count + 1) * (count + 2) // 2)
    return np.asarray(np.maximum(order, order.T)[:-1])


def weighed(weights: F32, terms: F32) -> F32:
    """Sums of terms, (T, A, terms, N), by weights of each anchor, (A, sums, terms)."""
    rows, anchors, count, series = terms.shape
    flat = terms.transpose(1, 2, 0, 3).reshape(anchors, count, rows * series)
    return (weights @ flat).reshape(anchors, -1, rows, series).transpose(2, 0, 1, 3)


def add_products(sums: F32, terms: F32, weights: F32) -> None:
    """Add the products of each two terms, (T, A, terms, N), to sums, (A, fits, products, N).

    Each fit weighs the rows in a way of its own, (T, A, fits, N). They stand row by row, each term
    with those from it on; the last one's with itself is left out.
    """
    rows, anchors, count, series = terms.shape
    if series < ABREAST and rows >= (MANY if series > FEW else 2):
        _add_many(sums, terms, weights)
        return
    if rows == 1 and series <= FEW:
        one, other = pairs(count - 1)
        product = terms[0].take(one, axis=1) * terms[0].take(other, axis=1)
        sums += product[:, None] * weights[0, :, :, None]
        return
    weighed = weights[:, :, :, None] * terms[:, :, None, :-1]
    room = np.empty((anchors, weights.shape[2], count, series), np.float32)
    begin = 0
    for i in range(count - 1):
        products = room[:, :, i:]
        if rows == 1:
            np.multiply(terms[0, :, None, i:], weighed[0, :, :, i, None], out=products)
        else:
            np.einsum("tapn,tafn->afpn", terms[:, :, i:], weighed[:, :, :, i], out=products)
        end = begin + count - i
        sums[:, :, begin:end] += products
        begin = end


def _add_many(sums: F32, terms: F32, weights: F32) -> None:
    """The same for many rows: a product of matrices for each series."""
    columns = np.ascontiguousarray(terms.transpose(1, 3, 2, 0))[:, :, None]
    weighed = columns[:, :, :, :-1] * weights.transpose(1, 3, 2, 0)[:, :, :, None]
    products = weighed @ columns.swapaxes(3, 4)
    sums += products[..., *pairs(terms.shape[2] - 1)].transpose(0, 2, 3, 1)


@cache
def refits(band: Band) -> Rows:
    """Rows after which each anchor is fitted again, (A,): half an hour, or more if few teach."""
    return np.asarray(max(1, band.frame.hour // 2) * np.clip(band.steps // 2, 1, 4))


def spells(band: Band, numbers: Rows, shift: float) -> Iterator[tuple[int, int, list[slice]]]:
    """The pieces that a block of rows falls into, and the anchors that are fitted before each.

    Anchors that learn equally often are fitted at one row of half an hour, at which no others are;
    the shift is a share of the rows between them.
    """
    longest = int(refits(band)[-1])
    if len(numbers) == 1:
        yield 0, 1, _due(band, int(numbers[0]) % longest, shift)
        return
    rows = numbers % longest
    begins = [0, *(1 + np.flatnonzero(_any_due(band, shift)[rows[1:]])).tolist()]
    for begin, end in pairwise((*begins, len(numbers))):
        yield begin, end, _due(band, int(rows[begin]), shift)


@cache
def _any_due(band: Band, shift: float) -> NDArray[np.bool_]:
    """At which rows anchors are fitted."""
    return np.array([bool(_due(band, row, shift)) for row in range(int(refits(band)[-1]))])


@cache
def _due(band: Band, row: int, shift: float) -> list[slice]:
    """The anchors that are fitted at a row: the first of those hours that they learn from."""
    kinds = sorted(set(band.frame.whole.every))
    apart = int(refits(band.frame.whole)[0]) / len(kinds)
    due = []
    for i, every in enumerate(kinds):
        if every in band.every:
            begin, count = band.every.index(every), band.every.count(every)
            if (row - int((i + shift) * apart)) % refits(band)[begin] < every:
                due.append(slice(begin, begin + count))
    return due


def diagonals(equations: F32) -> F32:
    """The diagonals of many equations, (A, fits, n, n + 1, N): a view, (A, fits, n, N)."""
    anchors, fits, size, _, series = equations.shape
    return equations.reshape(anchors, fits, -1, series)[:, :, :: size + 2]


def solved(equations: F32) -> F32:
    """Solve many linear equations, (A, fits, n, n + 1, N), which destroys them.

    Their matrices are positive definite, and made steady, so that no pivot is looked for. Those of
    few series are left to LAPACK, one by one; those of many are eliminated side by side.
    """
    diagonal = diagonals(equations)
    diagonal *= STEADY
    if equations.shape[-1] <= FEW:
        each = equations.transpose(4, 0, 1, 2, 3)
        found = np.linalg.solve(each[..., :-1], each[..., -1:])
        return np.ascontiguousarray(found[..., 0].transpose(1, 2, 3, 0))
    size = equations.shape[-3]
    for i in range(size):
        row = equations[..., i, i + 1 :, :]
        row /= equations[..., i, i : i + 1, :]
        below = equations[..., i + 1 :, :, :]
        below[..., i + 1 :, :] -= below[..., i : i + 1, :] * row[..., None, :, :]
    found = equations[..., size, :]
    for i in range(size - 1, 0, -1):
        found[..., :i, :] -= equations[..., :i, i, :] * found[..., i : i + 1, :]
    return np.asarray(found, np.float32).copy()
