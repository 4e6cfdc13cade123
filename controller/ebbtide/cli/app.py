"""The commands and their exit codes.

0  done
1  something is wrong with what was looked at (`check` found a problem)
2  the command line can't be understood
3  a file, an option or an object can't be understood
4  a metrics source or the API server did not answer, or refused
5  anything else that was expected to be able to go wrong
"""

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from ebbtide.cli import check, crd, demo, explain, operate, overrides, plan
from ebbtide.errors import ClusterUnavailable, EbbtideError, InvalidInput, MetricsUnavailable

_CODES: tuple[tuple[type[EbbtideError], int], ...] = (
    (InvalidInput, 3),
    (MetricsUnavailable, 4),
    (ClusterUnavailable, 4),
    (EbbtideError, 5),
)
_EPILOG = (
    "Exit codes: 0 done, 1 a problem was found, 2 wrong usage, 3 input refused, "
    "4 metrics or cluster unavailable, 5 anything else. `ebbtide --debug` shows tracebacks."
)

app = typer.Typer(
    name="ebbtide",
    help="Capacity that goes down like the tide: slowly, visibly, and never under a live session.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("plan")(plan.plan)
app.command("run")(operate.run)
app.command("check")(check.check)
app.command("explain")(explain.explain)
app.command("freeze")(overrides.freeze)
app.command("floor")(overrides.floor)
app.command("phase")(overrides.phase)
app.command("crd")(crd.crd)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Capacity that goes down like the tide: slowly, visibly, and never under a live session."""
    if debug:
        os.environ["EBBTIDE_DEBUG"] = "1"


def main() -> None:
    """Run a command; an expected failure is one line that says what to do."""
    try:
        app()
    except EbbtideError as error:
        if os.environ.get("EBBTIDE_DEBUG"):
            raise
        Console(stderr=True, highlight=False).print(f"[bold red]ebbtide:[/] {error}", markup=True)
        sys.exit(next(code for kind, code in _CODES if isinstance(error, kind)))
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
