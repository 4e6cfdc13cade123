"""While settings change, the stricter of the old and the new hold for one soak.

Whoever edits a policy, or turns a phase, may not undo in one tick what the old settings promised a
moment ago. A policy says of each setting which of two values is the stricter; its memory keeps what
was set when it last looked (`set.NAME`) and, for the time being, the strictest (`held.NAME`) with
the moment at which that is over (`heldUntil`).
"""

from collections.abc import Callable, Mapping

import numpy as np

from ebbtide_policies.contract import Memory, stored_number
from ebbtide_policies.lanes import Flag, Number, some, where

Values = Mapping[str, Number]
"""Settings by their names in YAML."""
Stricter = Mapping[str, Callable[[Number, Number], Number]]
"""How the stricter of two values is found, by the name of the setting; `soak` is among them."""

UNTIL = "heldUntil"


def as_set(values: Values) -> Memory:
    """What a memory holds of settings that have not changed."""
    return {f"set.{name}": value for name, value in values.items()}


def looked(memory: Memory, values: Values, now: float, stricter: Stricter) -> Memory:
    """The memory after a look at the settings; the same where nothing has changed."""
    before = {name: memory[f"set.{name}"] for name in values}
    changed: Flag = False
    for name, value in values.items():
        changed = changed | (before[name] != value)
    if not some(changed):
        return memory
    held = {name: memory.get(f"held.{name}", before[name]) for name in values}
    until = memory.get(UNTIL, now)
    kept = {name: where(now < until, held[name], before[name]) for name in values}
    both = {n: join(join(kept[n], before[n]), values[n]) for n, join in stricter.items()}
    rest = {f"held.{name}": where(changed, both[name], held[name]) for name in values}
    ends = where(changed, now + both["soak"], until)
    return {**memory, **as_set(values), **rest, UNTIL: ends}


def in_force(memory: Memory, values: Values, now: float, stricter: Stricter) -> Values:
    """The settings that count at this moment, of a memory that has been looked at."""
    if UNTIL not in memory:
        return values
    held = now < memory[UNTIL]
    return {
        name: where(held, join(memory[f"held.{name}"], values[name]), values[name])
        for name, join in stricter.items()
    }


def settled(memory: Memory, values: Values, now: float) -> Memory:
    """The memory without what is over."""
    if UNTIL not in memory or some(now < memory[UNTIL]):
        return memory
    gone = {UNTIL, *(f"held.{name}" for name in values)}
    return {key: value for key, value in memory.items() if key not in gone}


def held_in(stored: Mapping[str, object] | None, values: Values, now: float) -> Memory | None:
    """What a status holds for the time being: nothing, or all of it; None where it makes no sense.

    It ends within the soak that it says itself.
    """
    if not stored or UNTIL not in stored:
        return {}
    found = {key: stored_number(stored, key) for key in (UNTIL, *(f"held.{n}" for n in values))}
    sound = found[UNTIL] <= now + found["held.soak"] and not np.isnan(sum(found.values()))
    return found if sound else None
