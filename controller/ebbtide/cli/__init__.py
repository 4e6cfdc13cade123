"""The command line: it composes everything, reads the clock, and is the only one that prints."""

import sys

from ebbtide.cli.process import INTERRUPTED


def main() -> None:
    """Run a command. Ctrl-C ends it without a traceback, while it is still loading too."""
    try:
        from ebbtide.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("ebbtide: interrupted\n")
        sys.exit(INTERRUPTED)
