"""Demand that goes on while a test runs: recorded or constant, written like a scrape would."""

import csv
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import Series

METRIC = "live_viewers"
EVERY = 2.0
MINUTE = 60
HISTORY = 3 * 3600
"""Seconds of past that a feed writes at once when it begins."""
MATCHES = "worldcup98_requests_1min.csv"

Demand = Callable[[float], float]
"""Demand at an epoch second."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded series that is played from a moment on, at real pace or faster."""

    moments: np.ndarray[tuple[int], np.dtype[np.float64]]
    values: np.ndarray[tuple[int], np.dtype[np.float64]]
    recorded: float
    """The recorded moment that is shown at `live`."""
    live: float
    speed: float = 1.0

    def __call__(self, moment: float) -> float:
        """Demand at a live moment, between two recorded minutes on the line between them."""
        asked = self.recorded + (moment - self.live) * self.speed
        return float(np.interp(asked, self.moments, self.values))


def recording(begin: str, live: float, speed: float = 1.0) -> Recording:
    """Play the matches of the World Cup 1998 so that `begin` is shown at `live`."""
    folder = os.environ.get("EBBTIDE_TRACES")
    path = Path(folder or "") / MATCHES
    if not folder or not path.exists():
        pytest.skip(f"EBBTIDE_TRACES names no folder with {MATCHES}")
    with path.open() as rows:
        known = [(row["timestamp"], row["value"]) for row in csv.DictReader(rows) if row["value"]]
    moments = np.array([datetime.fromisoformat(at).timestamp() for at, _ in known])
    values = np.array([float(value) for _, value in known])
    return Recording(moments, values, datetime.fromisoformat(begin).timestamp(), live, speed)


class Feed:
    """Writes one series an app: its past at once, then a sample every other second."""

    def __init__(
        self, server: PrometheusServer, demands: Mapping[str, Demand], history: float = HISTORY
    ) -> None:
        """Feed a server, after so many seconds of past."""
        self._server = server
        self._demands = demands
        self._history = history
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="feed")
        self.arrived = 0.0
        """The moment of the newest sample that the server has."""

    def __enter__(self) -> Self:
        now = time.time()
        past = np.arange(now // MINUTE * MINUTE - self._history, now, MINUTE)
        self._push([float(at) for at in past])
        self._push([now])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=40)

    def _go_on(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                self._push([time.time()])
            except OSError:  # the server is down: what is not written is lost, as with a scrape
                continue

    def _push(self, moments: list[float]) -> None:
        self._server.push(
            Series(METRIC, {"app": app}, [(at, demand(at)) for at in moments])
            for app, demand in self._demands.items()
        )
        self.arrived = moments[-1]


def query(app: str) -> str:
    """PromQL for the demand of an app."""
    return f'sum({METRIC}{{app="{app}"}})'


def constant(value: float) -> Demand:
    """Demand that never changes."""
    return lambda _moment: value
