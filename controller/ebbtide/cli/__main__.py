"""`python -m ebbtide.cli`."""

from ebbtide.cli import main

main()
