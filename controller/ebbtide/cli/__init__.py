"""The command line: it composes everything, reads the clock, and is the only one that prints."""


def main() -> None:
    """Run a command."""
    from ebbtide.cli.app import main as run

    run()
