"""The command line: it composes everything, reads the clock, and is the only one that prints."""

import os
import sys

from ebbtide.cli.process import INTERRUPTED

BLAS_THREADS = "OPENBLAS_NUM_THREADS"
"""How many threads numpy's linear algebra starts; it is read once, when numpy is loaded."""


def main() -> None:
    """Run a command. Ctrl-C ends it without a traceback, while it is still loading too.

    One thread reckons, if nobody says otherwise: the products are too small for more, which would
    spin beside it, and on a busy machine take three times its time.
    """
    os.environ.setdefault(BLAS_THREADS, "1")
    try:
        from ebbtide.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("ebbtide: interrupted\n")
        sys.exit(INTERRUPTED)
