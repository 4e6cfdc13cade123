"""The work of a search: variants are tried batch by batch, here, in processes, or on a cluster."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

from ebbtide.cli.tune.trials import Spec, Trial
from ebbtide.errors import ClusterUnavailable, InvalidInput
from ebbtide.planning.tuning.judgement import Measured, Truth, measured_fleets

Batch = tuple[int, Sequence[Spec]]
"""The index of the first variant, and the variants from there on."""
_ANSWERS_WITHIN = "10s"
_LONGEST = 15.0
"""Seconds for a scheduler to answer, whatever else may be there: its library waits for ever."""


class Tried(NamedTuple):
    """What came of one variant: as plain numbers, in the order of their names."""

    searched: tuple[float, ...]
    held_back: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """All that is needed to try a variant; it travels to wherever that is done."""

    workload: str
    trial: Trial
    truth: Truth
    first_held: int
    """The first tick that is held back."""

    def tried(self, specs: Sequence[Spec]) -> Sequence[Tried]:
        """Replay variants side by side."""
        fleets = self.trial.fleets(specs)
        parts = (slice(0, self.first_held), slice(self.first_held, None))
        rows = [
            _rows(measured_fleets(fleets.during(part), self.truth.within(part))) for part in parts
        ]
        return [Tried(*both) for both in zip(*rows, strict=True)]


def _rows(found: Measured) -> Sequence[tuple[float, ...]]:
    """One row a variant."""
    return [tuple(row) for row in zip(*(column.tolist() for column in found), strict=True)]


def _work(search: Search, batch: Batch) -> tuple[int, Sequence[Tried]]:
    begin, specs = batch
    return begin, search.tried(specs)


@dataclass(frozen=True, slots=True)
class Workers:
    """Where variants are tried."""

    jobs: int = 1
    """Processes on this machine."""
    cluster: str | None = None
    """The address of a Dask scheduler, in their place."""

    def run(
        self, search: Search, specs: Sequence[Spec], wanted: Sequence[int]
    ) -> Iterator[tuple[int, Tried]]:
        """Try some of the variants; yields each with its index, in whatever order it is done.

        Raises:
            InvalidInput: a library is not installed, or a worker has another version of Ebbtide.
            ClusterUnavailable: the scheduler does not answer.

        """
        most = search.trial.at_once
        size = most if self.alone else max(1, min(most, -(-len(wanted) // (2 * self.jobs))))
        batches = [wanted[i : i + size] for i in range(0, len(wanted), size)]
        work = [(i, [specs[one] for one in batch]) for i, batch in enumerate(batches)]
        for i, found in self._done(search, work):
            yield from zip(batches[i], found, strict=True)

    @property
    def alone(self) -> bool:
        """Whether this process does it all."""
        return self.jobs == 1 and self.cluster is None

    def _done(self, search: Search, work: Sequence[Batch]) -> Iterator[tuple[int, Sequence[Tried]]]:
        if self.alone:
            yield from (_work(search, batch) for batch in work)
            return
        with self._backend(search):  # it says itself what it needs
            try:
                import joblib
            except ImportError as error:
                raise InvalidInput("--jobs needs `pip install ebbtide[jobs]`") from error
            run = joblib.Parallel(
                n_jobs=self._processes(len(work)), return_as="generator_unordered"
            )
            yield from run(joblib.delayed(_work)(search, batch) for batch in work)

    def _processes(self, batches: int) -> int:
        """No more than there is work for: each is begun, and takes its memory, all the same."""
        return -1 if self.cluster else min(self.jobs, max(1, batches))

    def _backend(self, search: Search) -> AbstractContextManager[Any]:
        return nullcontext() if self.cluster is None else _on_dask(self.cluster, search)


@contextmanager
def _on_dask(address: str, search: Search) -> Iterator[None]:
    """Let joblib hand its work to a Dask scheduler; the search is sent to its workers once."""
    try:
        import distributed
        import joblib
    except ImportError as error:
        raise InvalidInput("--cluster needs `pip install ebbtide[dask]`") from error
    connect: Any = distributed.Client
    try:
        asyncio.run(_answered(connect, address))
        client = connect(address, timeout=_ANSWERS_WITHIN, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        why = str(error) or "what is there is no Dask scheduler"
        raise ClusterUnavailable(f"--cluster {address} does not answer: {why}") from error
    with client:
        _same_version(client.run(_version))
        with joblib.parallel_config(backend="dask", client=client, scatter=[search]):
            yield


async def _answered(connect: Any, address: str) -> None:
    """Look whether a scheduler answers, with a client that is at hand to be closed if not.

    The one that is worked with raises where it is made, and tries to close itself as the process
    ends: it waits for long, and leaves a traceback behind our error.
    """
    client = connect(address, asynchronous=True, timeout=_ANSWERS_WITHIN, set_as_default=False)
    try:
        await asyncio.wait_for(client, _LONGEST)
    finally:
        await client.close()


def _version() -> str:
    return version("ebbtide")


def _same_version(workers: Mapping[str, str]) -> None:
    """Refuse workers that would decide by other rules."""
    others = {at: theirs for at, theirs in workers.items() if theirs != _version()}
    if others:
        at, theirs = next(iter(others.items()))
        raise InvalidInput(f"--cluster: {at} has Ebbtide {theirs}, and here is {_version()}")
