"""While settings change, the stricter of the old and the new hold for one soak.

Whoever edits a policy, or turns a phase, may not undo in one tick what the old settings promised a
moment ago. A policy says of each setting which of two values is the stricter; its memory keeps what
was set when it last looked (`set.NAME`) and, for the time being, the strictest (`held.NAME`) with
the moment at which that is over (`heldUntil`).

How long a policy holds what it promised is itself one of its settings, here `lasting`: the soak of
a descent, the window of a hold, the period of a rate.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

import numpy as np
from pydantic.alias_generators import to_snake

from ebbtide_policies.contract import Memory, PolicySettings, stored_number
from ebbtide_policies.lanes import (
    Flag,
    Moment,
    Number,
    as_number,
    before,
    every,
    some,
    where,
)

Values = Mapping[str, Number]
"""Settings by their names in YAML."""
Stricter = Mapping[str, Callable[[Number, Number], Number]]
"""How the stricter of two values is found, by the name of the setting; `lasting` is among them."""

UNTIL = "heldUntil"
SOAK = "soak"
S = TypeVar("S", bound=PolicySettings)


def as_set(values: Values) -> Memory:
    """What a memory holds of settings that have not changed."""
    return {f"set.{name}": value for name, value in values.items()}


def looked(
    memory: Memory, values: Values, now: Moment, stricter: Stricter, lasting: str = SOAK
) -> Memory:
    """The memory after a look at the settings; the same where nothing has changed."""
    was = {name: memory[f"set.{name}"] for name in values}
    changed: Flag = False
    for name, value in values.items():
        changed = changed | (was[name] != value)
    if not some(changed):
        return memory
    held = {name: memory.get(f"held.{name}", was[name]) for name in values}
    until = memory.get(UNTIL, as_number(now))
    lasts = before(now, until)
    kept = {name: where(lasts, held[name], was[name]) for name in values}
    both = {n: join(join(kept[n], was[n]), values[n]) for n, join in stricter.items()}
    rest = {f"held.{name}": where(changed, both[name], held[name]) for name in values}
    ends = where(changed, now + both[lasting], until)
    return {**memory, **as_set(values), **rest, UNTIL: ends}


def in_force(memory: Memory, values: Values, now: Moment, stricter: Stricter) -> Values:
    """The settings that count at this moment, of a memory that has been looked at."""
    if UNTIL not in memory:
        return values
    held = before(now, memory[UNTIL])
    return {
        name: where(held, join(memory[f"held.{name}"], values[name]), values[name])
        for name, join in stricter.items()
    }


def settled(memory: Memory, values: Values, now: Moment) -> Memory:
    """The memory without what is over."""
    if UNTIL not in memory or some(before(now, memory[UNTIL])):
        return memory
    gone = {UNTIL, *(f"held.{name}" for name in values)}
    return {key: value for key, value in memory.items() if key not in gone}


def held_in(
    stored: Mapping[str, object] | None, values: Values, now: Moment, lasting: str = SOAK
) -> Memory | None:
    """What a status holds for the time being: nothing, or all of it; None where it makes no sense.

    It ends within the time that it says itself.
    """
    if not stored or UNTIL not in stored:
        return {}
    found = {key: stored_number(stored, key) for key in (UNTIL, *(f"held.{n}" for n in values))}
    in_time = every(found[UNTIL] <= now + found[f"held.{lasting}"])
    sound = in_time and not np.isnan(sum(found.values()))
    return found if sound else None


def values_of(settings: PolicySettings, stricter: Stricter) -> Values:
    """The settings of a policy that have a stricter side, by their names in YAML."""
    return {name: getattr(settings, _field(name)) for name in stricter}


_field = cache(to_snake)
"""The attribute of a setting, by its name in YAML."""


def chosen(settings: S, memory: Memory, now: Moment, stricter: Stricter, lasting: str) -> S:
    """The settings that count at this moment; the very ones that are set where nothing is held."""
    values = values_of(settings, stricter)
    if _is_as_it_was(memory, values):
        return settings
    known = looked({**as_set(values), **memory}, values, now, stricter, lasting)
    if UNTIL not in known:
        return settings
    counting = in_force(known, values, now, stricter)
    return settings.model_copy(update={_field(name): n for name, n in counting.items()})


def recalled(
    settings: PolicySettings,
    stored: Mapping[str, object] | None,
    now: Moment,
    stricter: Stricter,
    lasting: str,
) -> Memory:
    """What a status holds of settings, if it makes sense; else what is set now, long in force."""
    values = values_of(settings, stricter)
    fresh = as_set(values)
    if not stored or not any(key in stored for key in fresh):
        return fresh
    known = {**fresh, **stored}  # a setting may be new to the memory
    found = {name: stored_number(known, f"set.{name}") for name in values}
    held = held_in(stored, values, now, lasting)
    if all(every(found[name] == value) for name, value in values.items()):
        return {**fresh, **(held or {})}
    sound = held is not None and _could_be_set(settings, found)
    return {**as_set(found), **(held or {})} if sound else fresh


def _could_be_set(settings: PolicySettings, values: Mapping[str, float]) -> bool:
    """Whether somebody could have written these; else they are no memory of it."""
    told = settings.model_copy(update={_field(name): n for name, n in values.items()})
    try:
        type(settings).model_validate(told.model_dump())
    except ValueError:  # of pydantic, and of a number that can't be written
        return False
    return True


def remembered(
    settings: PolicySettings, memory: Memory, now: Moment, stricter: Stricter, lasting: str
) -> Memory:
    """The memory after a look at the settings, without what is over."""
    values = values_of(settings, stricter)
    if _is_as_it_was(memory, values):
        return memory
    known = looked({**as_set(values), **memory}, values, now, stricter, lasting)
    return settled(known, values, now)


def _is_as_it_was(memory: Memory, values: Values) -> bool:
    """Whether nothing is held and the very same numbers are set: the quick way, tick after tick."""
    if UNTIL in memory:
        return False
    return all(memory.get(f"set.{name}", value) is value for name, value in values.items())
