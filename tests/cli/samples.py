"""Policies and recordings that the commands are tried on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

EDGE = """\
apiVersion: ebbtide.dev/v1alpha1
kind: CapacityPolicy
metadata: {name: edge, namespace: live, labels: {app: edge}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: edge}
  mode: DryRun
  demand: {query: sum(viewers)}
  capacity: {perReplica: 100, leadTime: 90s, costPerHour: 0.5}
  replicas: {min: 2, max: 500}
"""
ORIGIN = EDGE.replace("edge", "origin").replace("perReplica: 100", "perReplica: 200")
CALENDAR = """\
apiVersion: ebbtide.dev/v1alpha1
kind: EventCalendar
metadata: {name: promotions, namespace: live}
spec:
  events:
    opening:
      start: 2026-03-02 13:00
      end: 2026-03-02 13:30
      expect: [{demand: 8k}]
"""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HILL = (*range(1000, 4000, 50), *range(4000, 1000, -50))
"""Two hours of demand: up to 4,000 viewers, and down again."""


def csv(values: Sequence[float | str] = HILL) -> str:
    """A recording with one value a minute from noon on."""
    rows = [f"{NOON + timedelta(minutes=i):%Y-%m-%dT%H:%M:%SZ},{v}" for i, v in enumerate(values)]
    return "\n".join(["timestamp,value", *rows, ""])


def write(folder: Path, **texts: str) -> None:
    """Write files by their names; an underscore is a dot."""
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text)
