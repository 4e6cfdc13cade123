"""What `--help` says of a command, in the words of those who run it."""

import re
from typing import Any

from typer.core import TyperCommand

_PYTHON = re.compile(r" <[^|>]*>$")
"""The type of an argument as Python has it; what it may be chosen from is worth telling."""


class Command(TyperCommand):
    """A command whose arguments are told by their names alone, and not as `list[str]`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Tell the arguments, then the options."""
        for head, kind in (("Arguments", "argument"), ("Options", "option")):
            told = [one for one in self.get_params(ctx) if one.param_type_name == kind]
            rows = [row for one in told if (row := one.get_help_record(ctx))]
            if rows:
                with formatter.section(head):
                    formatter.write_dl([(_PYTHON.sub("", name), said) for name, said in rows])
