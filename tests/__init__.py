"""The tests; a package, so that no distribution that ships a `tests` of its own hides them."""
