"""Resources that are right, as people write them."""

from typing import Any

from ebbtide.api.yaml_text import read

POLICY = """\
apiVersion: ebbtide.dev/v1alpha1
kind: CapacityPolicy
metadata:
  name: edge
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: edge}
  demand:
    query: sum(viewers)
    alive: {query: avg(up)}
  capacity:
    perReplica: 800
  replicas: {min: 2, max: 100}
  forecast: {horizon: 2h}
  policies:
    descent: {maxStep: 5%, soak: 1m}
    rate: {replicas: 4}
    schedule:
      windows:
        late: {start: "19:00", end: "23:30", floor: 4}
"""
SIGNALS = """\
apiVersion: ebbtide.dev/v1alpha1
kind: CapacityPolicy
metadata:
  name: media
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: media}
  demand:
    signals:
      streams: {query: sum(streams), perReplica: 1}
      egress:
        query: sum(egress)
        perReplica: 40M
  replicas: {max: 100}
"""
CALENDAR = """\
apiVersion: ebbtide.dev/v1alpha1
kind: EventCalendar
metadata:
  name: promotions
spec:
  timeZone: Asia/Shanghai
  events:
    double-11:
      start: 2026-11-10 20:00
      end: 2026-11-12T00:00:30
      readyBy: 2026-11-10 19:30
      expect:
        - {selector: {app: edge}, demand: 2.4M}
        - times: 1.5
"""
PROFILE = """\
apiVersion: ebbtide.dev/v1alpha1
kind: EventProfile
metadata:
  name: double-11-2025
spec:
  timeZone: Asia/Shanghai
  start: 2025-11-10 20:00
  end: 2025-11-12 00:00
  peak: 2.4M
  usual: 300k
  shape: [0.5, 1, 0.25]
"""
OVERRIDE = """\
apiVersion: ebbtide.dev/v1alpha1
kind: CapacityOverride
metadata:
  name: freeze
spec:
  until: 2026-11-12 06:00
  why: CDN migration
  freeze: true
"""
RIGHT = {
    "policy": POLICY,
    "signals": SIGNALS,
    "calendar": CALENDAR,
    "profile": PROFILE,
    "override": OVERRIDE,
}


def spec_of(text: str, **changes: Any) -> dict[str, Any]:
    """The spec that a text holds, with some of its fields changed."""
    written: dict[str, Any] = read(text).documents[0].body["spec"]
    return {**written, **changes}
