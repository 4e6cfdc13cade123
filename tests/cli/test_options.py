"""Groups of options: what several commands take is said once, and each sees it as one argument."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from ebbtide.cli.options import grouped


@dataclass(frozen=True, kw_only=True)
class Reach:
    """A group that others extend."""

    where: Annotated[str, typer.Option(metavar="PLACE", help="Where.")] = "here"


@dataclass(frozen=True, kw_only=True)
class Wish(Reach):
    """A group with an option that has to be given."""

    why: Annotated[str, typer.Option("--because", metavar="TEXT", help="The reason.")]


def app() -> typer.Typer:
    made = typer.Typer(rich_markup_mode=None)

    @made.command()
    @grouped
    def wish(
        what: Annotated[list[str] | None, typer.Argument(metavar="WHAT", help="What.")] = None,
        *,
        wish: Wish,
        loud: Annotated[bool, typer.Option("--loud", help="Aloud.")] = False,
    ) -> None:
        """Wish for something."""
        typer.echo(f"{what} {wish.where} {wish.why} {loud}")

    return made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(["--because", "so"], "None here so False", id="a default of the group"),
        pytest.param(
            ["a", "b", "--loud", "--where", "there", "--because", "so"],
            "['a', 'b'] there so True",
            id="everything",
        ),
    ],
)
def test_a_command_is_handed_its_groups(given: list[str], said: str) -> None:
    found = CliRunner().invoke(app(), given)
    assert (found.exit_code, found.output) == (0, f"{said}\n")


def test_an_option_of_a_group_that_has_to_be_given_is_asked_for() -> None:
    found = CliRunner().invoke(app(), ["a"])
    assert found.exit_code == 2
    assert "--because" in found.output


def test_help_tells_a_groups_own_options_before_those_that_it_extends() -> None:
    told = CliRunner().invoke(app(), ["--help"]).output
    assert "Wish for something." in told
    places = [told.index(word) for word in ("--because TEXT", "--where PLACE", "--loud")]
    assert places == sorted(places)
