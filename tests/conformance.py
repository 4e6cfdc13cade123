"""What every policy has to keep, built in or not.

A third party's policy is put through it with one line::

    check_policy(Weekend, Weekend.Settings(floor=12))

Each check is a function that takes the policy; `CHECKS` names them all.
"""

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.decide import decide
from ebbtide_policies.observation import Event, Mode, Override, Phase
from ebbtide_policies.resolve import tightest
from ebbtide_policies.snapshot import Snapshot
from tests.policies.builders import INF, NAN, NOW, foretold, house, outlook, seen, signal, steady
from tests.policies.stacking import memory_lane, stack

AnyPolicy = Policy[Any]

_EVENT = Event("double-11", NOW + 60, NOW + 7200, NOW + 30, times=2.0)
_SAID = Override("freeze-1", "CDN migration", NOW + 60, freeze=True, floor=90.0, ceiling=120.0)

SITUATIONS: Mapping[str, Snapshot] = {
    "an ordinary minute": seen(),
    "a rising demand": seen(demand=(signal(range(40, 100)),)),
    "a trusted forecast": seen(demand=(foretold(70.0),)),
    "an expired forecast": seen(
        demand=(steady(outlook=outlook(70.0, origin=NOW - 9000), trusted=True),)
    ),
    "no demand at all": seen(demand=(steady(0.0),)),
    "a fleet of none": seen(current=0, ready=0),
    "one replica": seen(current=1, demand=(steady(0.5),)),
    "huge numbers": seen(current=10**6, demand=(steady(1e12),)),
    "two signals": seen(demand=(steady(), steady(90.0, name="egress"))),
    "a rollout": seen(ready=93, rollout=True),
    "an announced event": seen(events=(_EVENT,), phase=Phase.PREWARM),
    "a word of a person": seen(overrides=(_SAID,)),
    "the mode ScaleUpOnly": seen(mode=Mode.SCALE_UP_ONLY),
}

DOUBTS: Mapping[str, Snapshot] = {
    "no signal": seen(demand=()),
    "no minute is known": seen(demand=(steady(NAN),)),
    "no minutes at all": seen(demand=(signal([]),)),
    "infinite demand": seen(demand=(steady(INF),)),
    "stale demand": seen(demand=(steady(late=3600.0),)),
    "unknown capacity of a replica": seen(demand=(steady(per_replica=NAN),)),
    "scrape targets missing": seen(demand=(steady(1.0, alive=0.1, alive_at_least=0.8),)),
    "unknown answers": seen(demand=(steady(NAN),), answers={}),
}

_KEYS = ("at", "start", "origin", "replicas", "maxStep", "soak")

MEMORIES: Mapping[str, Mapping[str, object]] = {
    "an empty object": {},
    "words for numbers": dict.fromkeys(_KEYS, "soon"),
    "numbers that JSON has not": dict.fromkeys(_KEYS, NAN),
    "truths for numbers": dict.fromkeys(_KEYS, True),
    "numbers beyond all bounds": dict.fromkeys(_KEYS, 10**400),
}


def check_policy(policy_class: type[AnyPolicy], settings: PolicySettings) -> None:
    """Assert that a policy with these settings keeps everything that a policy has to keep."""
    for check in CHECKS:
        check(policy_class(settings))


def settings_are_described(policy: AnyPolicy) -> None:
    """A policy has a name, and says what each of its settings is for."""
    assert policy.name.isidentifier()
    fields = policy.Settings.model_fields
    assert [name for name, field in fields.items() if not field.description] == []
    assert policy.Settings.model_config.get("extra") == "forbid"


def questions_are_asked_by_name(policy: AnyPolicy) -> None:
    """What a policy wants answered is PromQL under a name of its own; the same each time."""
    assert dict(policy.queries()) == dict(policy.queries())
    assert all(key and promql for key, promql in policy.queries().items())


def numbers_are_whole_or_unknown(policy: AnyPolicy) -> None:
    """A bound is a whole number, or NaN; only a ceiling or a pace-up may be without limit."""
    for seen_ in _all_observations():
        for bound in _bounds(policy, seen_):
            replicas, limitless = float(bound.replicas), bound.kind in {*_CEILINGS, Kind.PACE_UP}
            assert np.isnan(replicas) or replicas.is_integer() or (limitless and replicas == INF)


def the_same_is_said_again(policy: AnyPolicy) -> None:
    """Same observation, same bounds; and another instance says the same."""
    for seen_ in _all_observations():
        first, again = _bounds(policy, seen_), _bounds(type(policy)(policy.settings), seen_)
        assert repr(first) == repr(_bounds(policy, seen_)) == repr(again)


def nothing_is_changed(policy: AnyPolicy) -> None:
    """Neither the observation nor the memory nor the settings are changed by asking."""
    for seen_ in _all_observations():
        memory = dict(policy.recall(None, seen_))
        before = repr((seen_, copy.deepcopy(memory), policy.settings))
        list(policy.bounds(seen_, memory))
        policy.remember(seen_, memory, float(seen_.fleet.current) + 1)
        assert repr((seen_, memory, policy.settings)) == before


def a_pace_down_is_not_above_current(policy: AnyPolicy) -> None:
    """Only a rollback asks for more than there is now; a pace-up never asks for less."""
    for seen_ in _all_observations():
        for bound in _bounds(policy, seen_):
            if bound.kind is Kind.PACE_DOWN:
                assert not bound.replicas > seen_.fleet.current
            if bound.kind is Kind.PACE_UP:
                assert not bound.replicas < seen_.fleet.current


def sentences_can_be_read(policy: AnyPolicy) -> None:
    """Every bound carries a reason in CamelCase, and a template that its values fit."""
    for seen_ in _all_observations():
        for bound in _bounds(policy, seen_):
            assert bound.policy == policy.name
            assert bound.reason[0].isupper()
            assert bound.reason.isalnum()
            assert bound.detail.format(*bound.values)
            assert bound.message


def no_data_lets_nothing_go(policy: AnyPolicy) -> None:
    """With the rest of the house, no doubt ever makes a fleet smaller."""
    for name, seen_ in DOUBTS.items():
        assert decide(house(policy), seen_, {}).decision.replicas >= seen_.fleet.current, name


def memory_is_json(policy: AnyPolicy) -> None:
    """What is remembered survives a round trip through JSON, and changes nothing."""
    for seen_ in _all_observations():
        for change in (-5.0, 0.0, 5.0):
            memory = _remembered(policy, seen_, change)
            stored = json.loads(json.dumps(memory, allow_nan=False))
            assert dict(policy.recall(stored, seen_)) == dict(memory)


def a_strange_memory_is_a_lost_one(policy: AnyPolicy) -> None:
    """Memory that is invalid or from the future is as good as none."""
    for seen_ in SITUATIONS.values():
        lost = dict(policy.recall(None, seen_))
        ahead = {key: float(value) + 1e6 for key, value in lost.items()}
        for stored in (*MEMORIES.values(), ahead):
            assert dict(policy.recall(stored, seen_)) == lost


def without_a_step_nothing_is_learnt(policy: AnyPolicy) -> None:
    """The memory stays as it is while replicas do."""
    for seen_ in _all_observations():
        memory = policy.recall(None, seen_)
        assert policy.remember(seen_, memory, float(seen_.fleet.current)) == memory


def numbers_and_lanes_agree(policy: AnyPolicy) -> None:
    """Asked about many lanes at once, a policy says in each what it says about it alone."""
    alone = [seen(current=n, demand=(steady(d),)) for n, d in ((1, 0.0), (100, NAN), (7, 90.0))]
    together = stack(alone)
    memories = policy.recall(None, together)
    fewer, more = together.fleet.current - 1, together.fleet.current + 1
    limits = tightest(policy.bounds(together, memories), together.fleet.current)
    for lane, one in enumerate(alone):
        single = tightest(_bounds(policy, one), one.fleet.current)
        for together_, single_ in zip(limits, single, strict=True):
            assert np.broadcast_to(together_, len(alone))[lane] == single_
        for change, replicas in ((-1, fewer), (1, more)):
            learnt = policy.remember(together, memories, replicas)
            assert memory_lane(learnt, lane) == _remembered(policy, one, change)


CHECKS: tuple[Callable[[AnyPolicy], None], ...] = (
    settings_are_described,
    questions_are_asked_by_name,
    numbers_are_whole_or_unknown,
    the_same_is_said_again,
    nothing_is_changed,
    a_pace_down_is_not_above_current,
    sentences_can_be_read,
    no_data_lets_nothing_go,
    memory_is_json,
    a_strange_memory_is_a_lost_one,
    without_a_step_nothing_is_learnt,
    numbers_and_lanes_agree,
)

_CEILINGS = {Kind.SOFT_CEILING, Kind.HARD_CEILING}


def _all_observations() -> Iterable[Snapshot]:
    yield from SITUATIONS.values()
    yield from DOUBTS.values()


def _bounds(policy: AnyPolicy, seen_: Snapshot) -> list[Bound]:
    return list(policy.bounds(seen_, policy.recall(None, seen_)))


def _remembered(policy: AnyPolicy, seen_: Snapshot, change: float) -> Memory:
    memory = policy.recall(None, seen_)
    replicas = max(0.0, float(seen_.fleet.current) + change)
    return dict(policy.remember(seen_, memory, replicas))
