"""The commands and their exit codes.

0  done
1  something is wrong with what was looked at (`check` found a problem)
2  the command line can't be understood
3  a file, an option or an object can't be understood
4  a metrics source or the API server did not answer, or refused
5  anything else that was expected to be able to go wrong
130  ended by Ctrl-C
"""

import os
import sys
from collections.abc import Callable
from importlib.metadata import version as installed
from typing import Annotated, NoReturn

import typer

from ebbtide.cli import crd, schema
from ebbtide.cli.backtest import command as backtest
from ebbtide.cli.cases import command as testing
from ebbtide.cli.check import command as check
from ebbtide.cli.cluster import events, explain, overrides, preflight, replay, timeline
from ebbtide.cli.command_help import Command
from ebbtide.cli.compare import command as compare
from ebbtide.cli.demo import command as demo
from ebbtide.cli.plan import command as plan
from ebbtide.cli.process import (
    INTERRUPTED,
    flush,
    give_up_output,
    log_in_lines,
    speak_plainly,
)
from ebbtide.cli.run import command as operate
from ebbtide.cli.screen import complain
from ebbtide.cli.tune import command as tune
from ebbtide.errors import ClusterUnavailable, EbbtideError, InvalidInput, MetricsUnavailable

_ELSE = 5
_CODES: tuple[tuple[type[EbbtideError], int], ...] = (
    (InvalidInput, 3),
    (MetricsUnavailable, 4),
    (ClusterUnavailable, 4),
    (EbbtideError, _ELSE),
)
_HELP = "Capacity that goes down like the tide: slowly, visibly, and never on a guess."
_EPILOG = (
    "Exit codes: 0 done, 1 a problem was found, 2 wrong usage, 3 input refused, "
    "4 metrics or cluster unavailable, 5 anything else. "
    "A DURATION is written like 45s, 15m, 2h or 7d."
)

app = typer.Typer(
    name="ebbtide",
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("demo", demo.demo),
    ("plan", plan.plan),
    ("compare", compare.compare),
    ("tune", tune.tune),
    ("test", testing.run_cases),
    ("backtest", backtest.command),
    ("run", operate.run),
    ("replay", replay.replay),
    ("check", check.check),
    ("preflight", preflight.command),
    ("explain", explain.explain),
    ("timeline", timeline.timeline),
    ("freeze", overrides.freeze),
    ("floor", overrides.floor),
    ("phase", overrides.phase),
    ("crd", crd.crd),
    ("schema", schema.command),
)
for _name, _command in _COMMANDS:
    app.command(_name, cls=Command)(_command)
app.add_typer(events.app, name="event")


def _told_version(asked: bool) -> None:  # as typer calls it
    if asked:
        typer.echo(f"ebbtide {installed('ebbtide')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; before the command.")
    ] = False,
    version: Annotated[  # its callback tells it
        bool,
        typer.Option(
            "--version", help="Say which version this is.", is_eager=True, callback=_told_version
        ),
    ] = False,
) -> None:
    if debug:
        os.environ["EBBTIDE_DEBUG"] = "1"


def main() -> None:
    """Run a command; an expected failure is one line that says what to do."""
    speak_plainly()
    log_in_lines()
    try:
        _run()
    except EbbtideError as error:
        _fail(error, next(code for kind, code in _CODES if isinstance(error, kind)))
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        give_up_output()
        sys.exit(0)
    except OSError as error:  # a full disk behind standard output, say
        give_up_output()
        _fail(error, _ELSE)


def _run() -> None:
    """Run a command up to its last letter."""
    try:
        app()
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        if ended.code == INTERRUPTED:
            raise KeyboardInterrupt from ended
        flush()
        raise


def _fail(error: Exception, code: int) -> NoReturn:
    if os.environ.get("EBBTIDE_DEBUG"):
        raise error
    complain(str(error))
    sys.exit(code)
