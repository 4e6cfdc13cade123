"""Recorded demand in Parquet says what the same demand says in a CSV."""

import builtins
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ebbtide.cli.simulation.demand import from_file
from ebbtide.errors import InvalidInput
from tests.cli.samples import HILL, NOON, csv

pa = pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'parquet'")

MOMENTS = [NOON + timedelta(minutes=i) for i in range(len(HILL))]


def written(path: Path, moments: Any, values: Any, **names: str) -> Path:
    table = {names.get("moment", "timestamp"): moments, names.get("value", "value"): values}
    parquet.write_table(pa.table(table), path)
    return path


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param(pa.array(MOMENTS, pa.timestamp("us", "UTC")), id="moments with a zone"),
        pytest.param(
            pa.array(MOMENTS, pa.timestamp("ms", "UTC")).cast(pa.timestamp("ms", "Asia/Shanghai")),
            id="moments in another zone",
        ),
        pytest.param(
            pa.array([m.replace(tzinfo=None) for m in MOMENTS], pa.timestamp("ns")),
            id="moments without a zone",
        ),
        pytest.param([int(m.timestamp()) for m in MOMENTS], id="epoch seconds"),
        pytest.param([m.isoformat() for m in MOMENTS], id="texts"),
    ],
)
def test_it_says_what_a_csv_says(tmp_path: Path, moments: Any) -> None:
    values: list[float | None] = [float(value) for value in HILL]
    values[10:13] = [None] * 3
    (tmp_path / "hill.csv").write_text(csv(["" if v is None else v for v in values]))
    plain = from_file(tmp_path / "hill.csv")
    found = from_file(written(tmp_path / "hill.parquet", moments, values))
    assert (found.start, found.end) == (plain.start, plain.end)
    np.testing.assert_array_equal(found.answer_all.minutes, plain.answer_all.minutes)


@pytest.mark.parametrize(
    ("moments", "values", "names", "why"),
    [
        pytest.param([0, 60], ["1", "much"], {}, "row 2: value 'much' is not a number", id="value"),
        pytest.param([0, 60, 120, 210], [1, 2, 3, 4], {}, "row 4: 90 s after the row", id="grid"),
        pytest.param([None, 60], [1, 2], {}, "row 1: timestamp '' is neither", id="moment"),
        pytest.param(
            [0, 60],
            [1, 2],
            {"value": "viewers"},
            "column value missing; write timestamp,value in place of 'timestamp,viewers'",
            id="column",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_row(
    tmp_path: Path, moments: Sequence[Any], values: Sequence[Any], names: dict[str, str], why: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        from_file(written(tmp_path / "x.parquet", moments, values, **names))
    assert str(refused.value).startswith(str(tmp_path / "x.parquet"))
    assert why in str(refused.value)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(InvalidInput, match=r"x\.parquet can't be read: "):
        from_file(tmp_path / "x.parquet")


def test_without_the_library_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, imported = written(tmp_path / "x.parquet", [0, 60], [1, 2]), builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InvalidInput, match=r"pip install ebbtide\[parquet\]"):
        from_file(path)
