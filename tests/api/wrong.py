"""Resources with one mistake each: refused offline by `check`, and by a real API server."""

from typing import NamedTuple

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


class Wrong(NamedTuple):
    """A mistake: what is written in the place of what, and what has to be said of it."""

    name: str
    right: str
    old: str
    new: str
    line: int
    field: str
    why: str

    @property
    def text(self) -> str:
        """The resource with the mistake in it."""
        assert self.right.count(self.old) == 1, self.old
        return self.right.replace(self.old, self.new)


WRONG = [
    Wrong(
        "step-without-percent",
        POLICY,
        "maxStep: 5%",
        'maxStep: "5"',
        15,
        "spec.policies.descent.maxStep",
        "'5' is not a percentage; write it like 5% or 0.01%",
    ),
    Wrong(
        "step-above-everything",
        POLICY,
        "maxStep: 5%",
        "maxStep: 101%",
        15,
        "spec.policies.descent.maxStep",
        "has to be at most 100%",
    ),
    Wrong(
        "step-of-nothing",
        POLICY,
        "maxStep: 5%",
        "maxStep: 0.0%",
        15,
        "spec.policies.descent.maxStep",
        "has to be more than 0%",
    ),
    Wrong(
        "misspelt-setting",
        POLICY,
        "maxStep: 5%",
        "maxStp: 5%",
        15,
        "spec.policies.descent.maxStp",
        "is not known here; did you mean maxStep?",
    ),
    Wrong(
        "misspelt-policy",
        POLICY,
        "descent: {",
        "decent: {",
        15,
        "spec.policies.decent",
        "did you mean descent?",
    ),
    Wrong(
        "policy-of-nobody",
        POLICY,
        "descent: {maxStep: 5%, soak: 1m}",
        "xyz: {}",
        15,
        "spec.policies.xyz",
        "known are calendar, descent",
    ),
    Wrong(
        "soak-without-unit",
        POLICY,
        "soak: 1m",
        "soak: 60",
        15,
        "spec.policies.descent.soak",
        "60 is not a duration; write it with units",
    ),
    Wrong(
        "soak-of-no-time",
        POLICY,
        "soak: 1m",
        "soak: 0m0s",
        15,
        "spec.policies.descent.soak",
        "has to be more than 0s",
    ),
    Wrong(
        "horizon-too-short",
        POLICY,
        "horizon: 2h",
        "horizon: 9m59s",
        13,
        "spec.forecast.horizon",
        "has to be at least 10m",
    ),
    Wrong(
        "horizon-too-long",
        POLICY,
        "horizon: 2h",
        "horizon: 1d0.5s",
        13,
        "spec.forecast.horizon",
        "has to be at most 1d",
    ),
    Wrong(
        "history-too-short",
        POLICY,
        "horizon: 2h",
        "history: 59m",
        13,
        "spec.forecast.history",
        "has to be at least 1h",
    ),
    Wrong(
        "rate-below-one",
        POLICY,
        "replicas: 4",
        'replicas: "0.5"',
        16,
        "spec.policies.rate.replicas",
        "has to be at least 1",
    ),
    Wrong(
        "capacity-of-nothing",
        POLICY,
        "perReplica: 800",
        "perReplica: 0",
        11,
        "spec.capacity.perReplica",
        "has to be more than 0",
    ),
    Wrong(
        "capacity-below-nothing",
        POLICY,
        "perReplica: 800",
        "perReplica: -1",
        11,
        "spec.capacity.perReplica",
        "-1 is not a count; write it like 800, 5k or 2.4M",
    ),
    Wrong(
        "capacity-with-strange-suffix",
        POLICY,
        "perReplica: 800",
        "perReplica: 800x",
        11,
        "spec.capacity.perReplica",
        "'800x' is not a count",
    ),
    Wrong(
        "capacity-said-twice",
        POLICY,
        "  capacity:\n",
        "  capacity:\n    perReplicaQuery: max(x)\n",
        10,
        "spec.capacity",
        "write only one of perReplica and perReplicaQuery",
    ),
    Wrong(
        "capacity-not-said",
        POLICY,
        "perReplica: 800",
        "costPerHour: 1",
        5,
        "spec",
        "write capacity.perReplica or capacity.perReplicaQuery",
    ),
    Wrong(
        "capacity-not-said-by-the-preset",
        POLICY,
        "  capacity:\n    perReplica: 800\n",
        "  preset: streaming-edge\n",
        5,
        "spec",
        "write capacity.perReplica or capacity.perReplicaQuery",
    ),
    Wrong(
        "lead-time-some-time",
        POLICY,
        "perReplica: 800",
        "perReplica: 800\n    leadTime: auto",
        12,
        "spec.capacity.leadTime",
        "'auto' is not a duration; write it with units, like 90s, 5m or 1h30m, or Auto to measure",
    ),
    Wrong(
        "cost-below-nothing",
        POLICY,
        "perReplica: 800",
        "costPerHour: -0.1",
        11,
        "spec.capacity.costPerHour",
        "has to be at least 0",
    ),
    Wrong(
        "min-above-max",
        POLICY,
        "replicas: {min: 2, max: 100}",
        "replicas: {min: 20, max: 10}",
        12,
        "spec.replicas",
        "above max",
    ),
    Wrong("min-below-nothing", POLICY, "min: 2", "min: -1", 12, "spec.replicas.min", "at least 0"),
    Wrong("min-of-nothing", POLICY, "min: 2", "min: 0", 5, "spec", "needs independent: true"),
    Wrong(
        "min-of-nothing-with-a-signal-of-the-pods",
        SIGNALS,
        "{max: 100}",
        "{min: 0, max: 100}",
        5,
        "spec",
        "needs independent: true",
    ),
    Wrong(
        "gate-of-nothing-bad",
        POLICY,
        "    rate: {replicas: 4}",
        "    experienceGate: {signals: {stall: {query: stall_ratio}}}",
        16,
        "spec.policies.experienceGate.signals.stall",
        "without them nothing is ever bad",
    ),
    Wrong(
        "gate-bad-both-ways",
        POLICY,
        "    rate: {replicas: 4}",
        "    experienceGate: {signals: {stall: {query: stall_ratio, atMost: 1, atLeast: 1}}}",
        16,
        "spec.policies.experienceGate.signals.stall",
        "write only one of atMost and atLeast",
    ),
    Wrong(
        "max-in-quotes",
        POLICY,
        "max: 100",
        'max: "100"',
        12,
        "spec.replicas.max",
        "'100' is not a whole number",
    ),
    Wrong(
        "max-missing",
        POLICY,
        ", max: 100",
        "",
        12,
        "spec.replicas.max",
        "is missing",
    ),
    Wrong(
        "replicas-no-map",
        POLICY,
        "replicas: {min: 2, max: 100}",
        "replicas: 5",
        12,
        "spec.replicas",
        "5 is not a map",
    ),
    Wrong(
        "no-demand",
        POLICY,
        "    query: sum(viewers)\n",
        "",
        7,
        "spec.demand",
        "write exactly one of query and signals",
    ),
    Wrong(
        "query-and-signals",
        POLICY,
        "    alive: {query: avg(up)}\n",
        "    signals: {a: {query: b}}\n",
        7,
        "spec.demand",
        "write exactly one of query and signals",
    ),
    Wrong(
        "zero-without-alive",
        POLICY,
        "alive: {query: avg(up)}",
        "whenAbsent: Zero",
        7,
        "spec.demand",
        "whenAbsent: Zero needs alive",
    ),
    Wrong(
        "absent-misspelt",
        POLICY,
        "alive: {query: avg(up)}",
        "whenAbsent: zero",
        9,
        "spec.demand.whenAbsent",
        "'zero' is none of Hold, Zero",
    ),
    Wrong(
        "empty-query",
        POLICY,
        "query: sum(viewers)",
        'query: ""',
        8,
        "spec.demand.query",
        "must not be empty",
    ),
    Wrong(
        "unknown-preset",
        POLICY,
        "  demand:",
        "  preset: streaming\n  demand:",
        7,
        "spec.preset",
        "'streaming' is no preset; known are ai-service, origin, streaming-edge, transcoder",
    ),
    Wrong(
        "unknown-mode",
        POLICY,
        "  demand:",
        "  mode: dryrun\n  demand:",
        7,
        "spec.mode",
        "'dryrun' is none of DryRun, ScaleUpOnly, Enforce",
    ),
    Wrong(
        "when-in-no-phase",
        POLICY,
        "soak: 1m}",
        "soak: 1m, when: {Ebbing: {soak: 2m}}}",
        15,
        "spec.policies.descent.when",
        "known are Peace, Prewarm, War, Ebb",
    ),
    Wrong(
        "when-step-above-everything",
        POLICY,
        "soak: 1m}",
        "soak: 1m, when: {Ebb: {maxStep: 101%}}}",
        15,
        "spec.policies.descent.when.Ebb.maxStep",
        "has to be at most 100%",
    ),
    Wrong(
        "when-of-a-setting-that-is-none",
        POLICY,
        "soak: 1m}",
        "soak: 1m, when: {Ebb: {enabled: false}}}",
        15,
        "spec.policies.descent.when.Ebb.enabled",
        "is not known here; known are early",
    ),
    Wrong(
        "when-inside-when",
        POLICY,
        "soak: 1m}",
        "soak: 1m, when: {Ebb: {when: {War: {soak: 2m}}}}}",
        15,
        "spec.policies.descent.when.Ebb.when",
        "is not known here",
    ),
    Wrong(
        "when-for-replicas-of-nothing",
        POLICY,
        "replicas: {min: 2, max: 100}",
        "replicas: {min: 2, max: 100, when: {War: {max: 0}}}",
        12,
        "spec.replicas.when.War.max",
        "has to be at least 1",
    ),
    Wrong(
        "when-nobody-is-there-and-nobody-could-tell",
        POLICY,
        "replicas: {min: 2, max: 100}",
        "replicas: {min: 2, max: 100, when: {Peace: {min: 0}}}",
        5,
        "spec",
        "replicas.min: 0 needs independent: true",
    ),
    Wrong(
        "window-time",
        POLICY,
        '"19:00"',
        '"7pm"',
        19,
        "spec.policies.schedule.windows.late.start",
        "'7pm' does not fit: Time of day at which it starts, like 19:00.",
    ),
    Wrong(
        "window-that-says-nothing",
        POLICY,
        ", floor: 4",
        "",
        19,
        "spec.policies.schedule.windows.late",
        "a window needs a floor or a ceiling",
    ),
    Wrong(
        "window-of-no-time",
        POLICY,
        '"23:30"',
        '"19:00"',
        19,
        "spec.policies.schedule.windows.late",
        "start and end are the same",
    ),
    Wrong(
        "window-day",
        POLICY,
        "floor: 4",
        "floor: 4, days: [Monday]",
        19,
        "spec.policies.schedule.windows.late.days[0]",
        "'Monday' is none of Mon, Tue",
    ),
    Wrong(
        "window-without-days",
        POLICY,
        "floor: 4",
        "floor: 4, days: []",
        19,
        "spec.policies.schedule.windows.late.days",
        "needs at least 1",
    ),
    Wrong(
        "window-days-no-list",
        POLICY,
        "floor: 4",
        "floor: 4, days: Mon",
        19,
        "spec.policies.schedule.windows.late.days",
        "'Mon' is not a list",
    ),
    Wrong(
        "schedule-zone",
        POLICY,
        "    schedule:\n",
        "    schedule:\n      timeZone: Asia/Shangai\n",
        18,
        "spec.policies.schedule.timeZone",
        "'Asia/Shangai' is no time zone",
    ),
    Wrong(
        "signal-zero-without-alive",
        SIGNALS,
        "query: sum(egress)\n",
        "query: sum(egress)\n        whenAbsent: Zero\n",
        10,
        "spec.demand.signals.egress",
        "whenAbsent: Zero needs alive",
    ),
    Wrong(
        "signal-that-is-not-measured",
        SIGNALS,
        "        perReplica: 40M\n",
        "",
        5,
        "spec",
        "write capacity.perReplica or capacity.perReplicaQuery",
    ),
    Wrong(
        "alive-beside-signals",
        SIGNALS,
        "    signals:",
        "    alive: {query: avg(up)}\n    signals:",
        7,
        "spec.demand",
        "beside signals, alive, whenAbsent, independent and source stand in each signal",
    ),
    Wrong(
        "calendar-zone",
        CALENDAR,
        "Asia/Shanghai",
        "CST+8",
        6,
        "spec.timeZone",
        "'CST+8' is no time zone",
    ),
    Wrong(
        "calendar-country-in-small-letters",
        CALENDAR,
        "  timeZone: Asia/Shanghai",
        "  timeZone: Asia/Shanghai\n  country: cn",
        7,
        "spec.country",
        "'cn' does not fit",
    ),
    Wrong(
        "calendar-subdivision-of-no-country",
        CALENDAR,
        "  timeZone: Asia/Shanghai",
        "  timeZone: Asia/Shanghai\n  subdivision: BY",
        5,
        "spec",
        "subdivision needs a country",
    ),
    Wrong(
        "event-without-clock",
        CALENDAR,
        "start: 2026-11-10 20:00",
        "start: 2026-11-10",
        9,
        "spec.events.double-11.start",
        "'2026-11-10' is not a local time; write it like 2026-11-10 20:00",
    ),
    Wrong(
        "event-on-no-day",
        CALENDAR,
        "start: 2026-11-10 20:00",
        "start: 2026-02-30 20:00",
        9,
        "spec.events.double-11.start",
        "that month has no such day",
    ),
    Wrong(
        "event-ends-first",
        CALENDAR,
        "start: 2026-11-10 20:00",
        "start: 2026-11-12 00:00:30",
        8,
        "spec.events.double-11",
        "start has to be before end",
    ),
    Wrong(
        "event-ready-late",
        CALENDAR,
        "readyBy: 2026-11-10 19:30",
        "readyBy: 2026-11-10 20:00:01",
        8,
        "spec.events.double-11",
        "readyBy must not be after start",
    ),
    Wrong(
        "expectation-said-twice",
        CALENDAR,
        "- times: 1.5",
        "- {times: 1.5, demand: 5k}",
        14,
        "spec.events.double-11.expect[1]",
        "write exactly one of times and demand",
    ),
    Wrong(
        "expectation-of-nothing",
        CALENDAR,
        "times: 1.5",
        "times: 0",
        14,
        "spec.events.double-11.expect[1].times",
        "has to be more than 0",
    ),
    Wrong(
        "expectation-like-nothing",
        CALENDAR,
        "times: 1.5",
        'like: ""\n          times: 1.5',
        14,
        "spec.events.double-11.expect[1].like",
        "must not be empty",
    ),
    Wrong(
        "expectation-of-no-size",
        CALENDAR,
        "times: 1.5",
        "like: double-11-2025",
        14,
        "spec.events.double-11.expect[1]",
        "write exactly one of times and demand",
    ),
    Wrong(
        "profile-backwards",
        PROFILE,
        "end: 2025-11-12 00:00",
        "end: 2025-11-10 20:00",
        5,
        "spec",
        "start has to be before end",
    ),
    Wrong(
        "profile-above-its-peak",
        PROFILE,
        "0.5, 1,",
        "0.5, 1.01,",
        11,
        "spec.shape[1]",
        "has to be at most 1",
    ),
    Wrong(
        "profile-below-nothing",
        PROFILE,
        "0.5, 1,",
        "-0.5, 1,",
        11,
        "spec.shape[0]",
        "has to be at least 0",
    ),
    Wrong(
        "profile-of-one-moment",
        PROFILE,
        "[0.5, 1, 0.25]",
        "[1]",
        11,
        "spec.shape",
        "needs at least 2",
    ),
    Wrong(
        "profile-of-too-many-points",
        PROFILE,
        "[0.5, 1, 0.25]",
        str([1] * 501),
        11,
        "spec.shape",
        "is too long: at most 500",
    ),
    Wrong(
        "profile-of-nothing",
        PROFILE,
        "peak: 2.4M",
        "peak: 0",
        9,
        "spec.peak",
        "has to be more than 0",
    ),
    Wrong(
        "expectation-missing",
        CALENDAR,
        "        - {selector: {app: edge}, demand: 2.4M}\n        - times: 1.5\n",
        "        []\n",
        12,
        "spec.events.double-11.expect",
        "needs at least 1",
    ),
    Wrong(
        "label-that-is-a-truth-value",
        CALENDAR,
        "app: edge",
        "app: no",
        13,
        "spec.events.double-11.expect[0].selector.app",
        "false is not text",
    ),
    Wrong(
        "override-without-reason",
        OVERRIDE,
        "why: CDN migration",
        'why: ""',
        7,
        "spec.why",
        "must not be empty",
    ),
    Wrong(
        "override-without-end",
        OVERRIDE,
        "until: 2026-11-12 06:00",
        "author: me",
        5,
        "spec.until",
        "is missing",
    ),
    Wrong(
        "override-that-says-nothing",
        OVERRIDE,
        "freeze: true",
        "freeze: false",
        5,
        "spec",
        "say at least one of freeze, floor, ceiling and phase",
    ),
    Wrong(
        "override-floor-above-ceiling",
        OVERRIDE,
        "freeze: true",
        "floor: 5\n  ceiling: 4",
        5,
        "spec",
        "floor is above ceiling",
    ),
    Wrong(
        "override-freeze-as-text",
        OVERRIDE,
        "freeze: true",
        'freeze: "true"',
        8,
        "spec.freeze",
        "'true' is neither true nor false",
    ),
    Wrong(
        "override-fraction-of-a-pod",
        OVERRIDE,
        "freeze: true",
        "floor: 2.5",
        8,
        "spec.floor",
        "2.5 is not a whole number",
    ),
    Wrong(
        "override-phase",
        OVERRIDE,
        "freeze: true",
        "phase: war",
        8,
        "spec.phase",
        "'war' is none of Peace, Prewarm, War, Ebb",
    ),
    Wrong(
        "bad-name",
        OVERRIDE,
        "name: freeze",
        "name: Freeze_1",
        4,
        "metadata.name",
        "'Freeze_1' does not fit: Small letters, digits, - and dots.",
    ),
]
