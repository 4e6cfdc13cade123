"""The package that makes forecasters of well-known libraries, where they are installed."""

import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from ebbtide.forecast.contract import DAY, LEVELS, Forecaster, History
from tests.forecast.conformance import (
    END,
    Maker,
    day_shape,
    nothing_is_changed,
    the_same_history_gives_the_same_forecast,
    what_is_unknown_is_not_trusted,
)

PACKAGE = Path(__file__).parents[2] / "plugins" / "ebbtide-forecasters"
KEPT = (
    nothing_is_changed,
    the_same_history_gives_the_same_forecast,
    what_is_unknown_is_not_trusted,
)


@pytest.fixture(autouse=True)
def _package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGE))


def made(name: str) -> Forecaster:
    """A forecaster of the package; the test is skipped where its library is not installed."""
    pytest.importorskip("lightgbm" if name == "LightGBM" else "statsforecast")
    maker: Callable[[], Forecaster] = getattr(import_module("ebbtide_forecasters"), name)
    return maker()


@pytest.mark.filterwarnings("ignore")  # the libraries' own
@pytest.mark.parametrize("check", KEPT, ids=lambda check: str(check.__name__))
@pytest.mark.parametrize("name", ["auto_ets", "LightGBM"])
def test_a_library_keeps_the_contract(name: str, check: Callable[[Maker], None]) -> None:
    made(name)
    check(lambda: made(name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["auto_ets", "auto_theta", "mstl", "LightGBM"])
@pytest.mark.parametrize("grid", [600.0, 3600.0])
def test_quantiles_are_in_order_and_finite(name: str, grid: float) -> None:
    values = day_shape(10 * DAY)[:: int(grid) // 60].copy()
    values[20:30] = np.nan
    found = made(name).forecast(History(END, values[:, None], grid), 12).values
    assert found.shape == (len(LEVELS), 12, 1)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=0) >= 0).all()
    assert abs(found[0, 0, 0] / values[-1] - 1) < 0.5


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["auto_ets", "auto_theta", "mstl", "LightGBM"])
def test_a_short_history_has_wide_quantiles(name: str) -> None:
    values = np.array([100.0, 110.0, 120.0])
    found = made(name).forecast(History(END, values[:, None]), 5).values[:, :, 0]
    assert found[:, -1].tolist() == pytest.approx([120, 132, 156, 180, 240, 360])


def test_levels_that_a_library_lacks_lie_between_those_that_it_has() -> None:
    between = import_module("ebbtide_forecasters.shape").between
    z = np.array([0.0, 1.28155, 2.32635])
    found = between((100 + 10 * z)[:, None], (0.5, 0.9, 0.99))[:, 0]
    wanted = 100 + 10 * np.array([0.0, 0.67449, 1.28155, 1.64485, 2.32635, 3.09023])
    assert found == pytest.approx(wanted)


def test_every_entry_point_is_there() -> None:
    package = import_module("ebbtide_forecasters")
    points = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["entry-points"]
    for value in points["ebbtide.forecasters"].values():
        module, _, name = value.partition(":")
        assert module == package.__name__
        assert callable(getattr(package, name))
