"""Pages whose figures are written by a benchmark, and whose words by people."""

import re
from collections.abc import Iterable, Mapping, Sequence


def filled(page: str, blocks: Mapping[str, str]) -> str:
    """The page with each block between its two marks replaced.

    Raises:
        ValueError: the page has no place for a block.

    """
    for name, text in blocks.items():
        marks = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        places = marks.findall(page)
        if len(places) != 1:
            raise ValueError(f"the page needs one place for {name}, and has {len(places)}")
        page = marks.sub(lambda found: found[1] + text + found[2], page)  # noqa: B023  # used at once
    return page


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], kinds: str = "") -> str:
    """A table of a page. Of the columns `kinds` says which is left, right or centred: `lrc`."""
    ruler = {"l": "---", "r": "---:", "c": ":---:"}
    rulers = [ruler[kind] for kind in kinds or "l" * len(heads)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rulers, *rows))
