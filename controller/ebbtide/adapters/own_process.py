"""Work in a process of its own that yields to all else: it shares no interpreter with the ticks."""

import atexit
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.resource_tracker import ensure_running

from ebbtide.loop.ports.background import attempted

LONGEST = 3600.0
"""Seconds after which work is given up."""
_YIELDS = 5
"""Nicer than the ticks, which so come first; not by more, or it would starve beside others."""
_SPAWN = get_context("spawn")
"""A process that begins anew, as one that is forked off threads may inherit their locks."""

_NOT_FOR_IT = frozenset({signal.SIGTERM, signal.SIGINT})
"""A runtime or a terminal sends these to all processes; who began the work ends it."""


def in_own_process(work: Callable[[], object], longest: float = LONGEST) -> object:
    """What some work gives, done in a process of its own, or the exception that it raises.

    Work and what it gives have to be of what can be pickled. The caller waits for it, so it is one
    for a thread; the process ends with the one that began it.
    """
    return attempted(partial(_asked, work, longest))


def _asked(work: Callable[[], object], longest: float) -> object:
    receiving, sending = _SPAWN.Pipe(duplex=False)
    child = _SPAWN.Process(target=_work, args=(work, sending), daemon=True)
    with receiving:
        with sending:
            _start(child)
        try:
            told: object = receiving.recv() if receiving.poll(longest) else _late(longest)
        except EOFError:
            child.join()
            return ChildProcessError(f"its process ended with {child.exitcode} and said nothing")
        finally:
            child.kill()
            child.join()
            atexit.unregister(child.kill)
    return told


def _start(child: SpawnProcess) -> None:
    """Start it deaf to what is not for it, from its first instruction on: a mask is inherited.

    multiprocessing ends what is left at the end of this process by SIGTERM and waits for it, so
    that is done here and by other means.
    """
    ensure_running()  # whose start would take the mask away again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_IT)
    try:
        child.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    atexit.register(child.kill)


def _late(longest: float) -> Exception:
    return TimeoutError(f"it was not done in {longest:.0f} s")


def _work(work: Callable[[], object], sending: Connection) -> None:
    with suppress(OSError):
        os.nice(_YIELDS)
    found = attempted(work)
    try:
        sending.send(found)
    except Exception as error:  # noqa: BLE001 - what can't be handed over is told of
        sending.send(RuntimeError(f"its answer can't be handed over: {error}"))
