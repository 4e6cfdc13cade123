"""A file of the variants that are tried, so that a search that was ended goes on where it was."""

import hashlib
import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from ebbtide.cli.files import read
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.tune.jobs import Search, Tried
from ebbtide.cli.tune.trials import Spec
from ebbtide.errors import InvalidInput
from ebbtide.planning.tuning.judgement import Measured

_SEARCH, _VARIANT = "search", "variant"


class Record:
    """One JSON line for the search, then one for each variant that is done.

    A line that was cut off when its process was killed, or holds anything else than what came of a
    variant, counts for nothing: that variant is tried again.
    """

    def __init__(self, path: pathlib.Path, search: str) -> None:
        """Open the record of a search, by its fingerprint.

        Raises:
            InvalidInput: the file belongs to another search, or can't be read.

        """
        self._path = path
        text = read(path) if path.exists() else ""
        head, *lines = list(_whole(text)) or [{}]
        if not text.strip():
            self._append({_SEARCH: search})
        elif _SEARCH not in head:
            raise InvalidInput(
                f"--record {path} holds something else than a search, and stays as it is: "
                "name another file"
            )
        elif head.get(_SEARCH) != search:
            raise InvalidInput(
                f"{path} is of another search (policy, demand, tick, seed or version): "
                "name another file, or remove it"
            )
        whole = [found for line in lines if (found := _variant(line))]
        self.done = dict(whole)
        written = sum(bool(line.strip()) for line in text.splitlines())
        self.left_out = max(0, written - 1 - len(whole))
        """Lines that count for nothing."""

    def add(self, variant: str, found: Tried) -> None:
        """Write down what came of a variant."""
        self._append({_VARIANT: variant, **found._asdict()})

    def _append(self, line: Mapping[str, Any]) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{json.dumps(line)}")
        except OSError as error:
            raise InvalidInput(f"{self._path} can't be written: {error.strerror}") from error


def _variant(line: Mapping[str, Any]) -> tuple[str, Tried] | None:
    """A variant and what came of it; None where a line does not hold all of that."""
    name = line.get(_VARIANT)
    searched, held_back = (_row(line.get(part)) for part in Tried._fields)
    if not isinstance(name, str) or not searched or not held_back:
        return None
    return name, Tried(searched, held_back)


def _row(found: object) -> tuple[float, ...]:
    """A number for each of what is measured; empty where this is something else."""
    row = tuple(found) if isinstance(found, list) else ()
    right = (isinstance(one, int | float) and not isinstance(one, bool) for one in row)
    return row if len(row) == len(Measured._fields) and all(right) else ()


def _whole(text: str) -> Iterator[dict[str, Any]]:
    """The lines that were written to their end."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def fingerprint(search: Search, recorded: Recorded, written: Sequence[object]) -> str:
    """What two searches have in common if they would find the same: all but the variants.

    `written` is what is said of them: manifests and a scenario, as JSON would have it.
    """
    digest = hashlib.sha256(json.dumps(written, sort_keys=True).encode())
    truth, span = search.truth, (recorded.start, recorded.end)
    digest.update(
        f"{version('ebbtide')} {Measured._fields} {search.first_held} {truth.boot} {truth.tick}"
        f" {truth.stress} {truth.least} {span}".encode()
    )
    for _, series in sorted(recorded.series.items()):
        digest.update(series.minutes.tobytes())
    return digest.hexdigest()


def keys(specs: Sequence[Spec]) -> Sequence[str]:
    """A short name for each variant, the same in every run."""
    texts = (json.dumps(spec, sort_keys=True) for spec in specs)
    return [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
