"""The policies that other packages bring are found, and broken ones named."""

from pathlib import Path

import pytest

from ebbtide.cli.models import HOUSE, makers, plugins
from ebbtide.errors import InvalidInput
from ebbtide_policies.hold import Hold
from tests.cli.packages import install
from tests.forecast.conformance import check_forecaster


def test_a_policy_of_another_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, "tide = ebbtide_policies.hold:Hold")
    assert plugins()["tide"] is Hold


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("no_such_module:Tide", "can't be loaded: No module named", id="broken"),
        pytest.param("tide_plugin:number", "is no subclass of Policy", id="no-class"),
        pytest.param("pathlib:Path", "is no subclass of Policy", id="another-class"),
    ],
)
def test_a_plugin_that_is_no_policy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, f"tide = {value}", tide_plugin="number = 7\n")
    with pytest.raises(InvalidInput, match=rf"the policy 'tide'.*{why}"):
        plugins()


# --- forecasters


CALM = """
from ebbtide.forecast.baselines.naive import persistence

number = 7

class Calm:
    name = "Calm"

    def forecast(self, history, horizon):
        return persistence().forecast(history, horizon)
"""


def install_forecaster(folder: Path, name: str, value: str) -> None:
    """Put a package there that claims a forecaster under an entry point."""
    install(folder, f"{name} = {value}", "forecasters", calm_plugin=CALM)


def test_a_forecaster_of_another_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install_forecaster(tmp_path, "Calm", "calm_plugin:Calm")
    assert set(HOUSE) | {"Calm"} <= set(makers())
    assert makers()["Calm"]().name == "Calm"


def test_a_forecaster_that_knows_of_no_context_heeds_what_was_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install_forecaster(tmp_path, "Calm", "calm_plugin:Calm")
    check_forecaster(makers()["Calm"])


def test_a_forecaster_is_loaded_only_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install_forecaster(tmp_path, "Calm", "no_such_module:Calm")
    found = makers()
    assert found["Persistence"]().name == "Persistence"
    with pytest.raises(InvalidInput, match=r"'Calm' can't be loaded: No module named"):
        found["Calm"]()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("calm_plugin:number", "can't be loaded: 'int' object is not c", id="no-class"),
        pytest.param("pathlib:Path", "has no method `forecast`", id="another-class"),
    ],
)
def test_a_plugin_that_is_no_forecaster_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install_forecaster(tmp_path, "Calm", value)
    with pytest.raises(InvalidInput, match=rf"the forecaster 'Calm' {why}"):
        makers()["Calm"]()


def test_a_name_of_the_house_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install_forecaster(tmp_path, "Tide", "calm_plugin:Calm")
    with pytest.raises(InvalidInput, match=r"'Tide' .* has a name of the house"):
        makers()
