"""Ebbtide's way down beside the rivals': falls, dips, bad data, and a family of 200 seeded falls.

    python -m tests.bench.descent [--falls 200] [--only cliff,dip] [--set descent.window=6m]

Every scaler has the same sync of 15 s, the same metric (one value a minute, 30 s late) and no
headroom; 1,000 pods boot in 90 s. Rows go to build/bench/descent.json. With --why the decisions of
Ebbtide on one scenario are told tick by tick.
"""

import argparse
import json
import pathlib
from collections.abc import Iterator, Sequence

from ebbtide.loop.ports import Json
from ebbtide_policies.lanes import Lanes
from tests.bench.descent.falls import Fall, named, on_an_ordinary_day
from tests.bench.descent.family import SIZE, family
from tests.bench.descent.lanes import Lookout, swept
from tests.bench.descent.scalers import RIVALS, WINDOWS, best_window, driven_by, own_pace
from tests.bench.descent.scores import Row, row, shortfall, together
from tests.bench.descent.world import PLAIN, Told, Trial, driven

OUT = pathlib.Path("build/bench/descent.json")
LINE = "{:<28} {:<34} {:>8} {:>7} {:>10} {:>9} {:>9}"


def scenarios() -> Sequence[Fall]:
    """Every fall that has a name: after a surge, and on an ordinary day."""
    return [*named(), *named(on_an_ordinary_day, "-on-an-ordinary-day")]


def of_ebbtide(falls: Sequence[Fall], trial: Trial) -> Iterator[tuple[Row, Told]]:
    """Ebbtide on falls that have a name."""
    told = driven(falls, trial)
    name = "ebbtide-announced" if trial.announced else "ebbtide"
    for fall in falls:
        yield row(fall, name, told[fall.name].asked), told[fall.name]


def of_rivals(falls: Sequence[Fall]) -> Iterator[Row]:
    """The rivals on falls that have a name."""
    window = best_window([fall for fall in named() if fall.kind == "dip"], shortfall)
    rivals = {**RIVALS, f"hpa-own-pace-{window:.0f}s": own_pace(window)}
    for fall in falls:
        for name, make in rivals.items():
            yield row(fall, name, driven_by(name, make, [fall])[:, 0])


def of_family(falls: Sequence[Fall], trial: Trial) -> Iterator[Row]:
    """Ebbtide and the HPA at its pace over the family."""
    yield _sum(falls, "ebbtide", swept(Lookout(falls, trial.model), trial))
    for window in WINDOWS:
        for tolerance in (0.1, 0.01):
            name = f"hpa-own-pace-{window:.0f}s-tolerance-{tolerance:g}"
            yield _sum(falls, name, driven_by("hpa", own_pace(window, tolerance), falls))


def _sum(falls: Sequence[Fall], scaler: str, asked: Lanes) -> Row:
    rows = [row(fall, scaler, asked[:, lane], live=False) for lane, fall in enumerate(falls)]
    return together("family", scaler, rows)


def show(rows: Sequence[Row]) -> None:
    """Print rows as they come."""
    for one in rows:
        print(LINE.format(*(_cell(value) for value in one.values())), flush=True)


def _cell(value: str | float | None) -> str:
    return value if isinstance(value, str) else "-" if value is None else f"{value:,.1f}"


def told_why(fall: Fall, told: Told) -> None:
    """Print what decided, whenever that changes."""
    before: tuple[float, str] = (0.0, "")
    for at, need, asked, why in zip(
        fall.seconds, fall.demand, told.asked, told.reasons, strict=True
    ):
        if (asked, why) != before and at >= -60:
            print(f"{at:>8.0f} s  demand {need:>7.1f}  asked {asked:>5.0f}  {why}")
        before = (asked, why)


def changed(words: Sequence[str]) -> Json:
    """The settings of the policies with some changes, written as policy.field=value."""
    found: Json = {k: dict(v) for k, v in PLAIN.items()}
    for word in words:
        path, value = word.split("=", 1)
        policy, name = path.split(".", 1)
        known = value.replace(".", "", 1).isdigit()
        found.setdefault(policy, {})[name] = float(value) if known else value
    return found


def main() -> None:
    """Print all rows, and write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--falls", type=int, default=SIZE, help="falls of the family; 0: none")
    parser.add_argument("--only", help="scenarios, with commas between; -: none")
    parser.add_argument("--set", action="append", default=[], help="policy.field=value")
    parser.add_argument("--model", default="Tide")
    parser.add_argument("--why", help="a scenario to tell tick by tick")
    parser.add_argument("--no-rivals", action="store_true")
    asked = parser.parse_args()
    trial = Trial(policies=changed(asked.set), model=asked.model)
    names = (asked.why or asked.only or "").split(",") if asked.why or asked.only else None
    falls = [fall for fall in scenarios() if names is None or fall.name in names]
    rows: list[Row] = []
    print(LINE.format("scenario", "scaler", "seconds", "drop60", "shortfall", "idle", "disrupted"))
    for announced in (False, True):
        setting = Trial(policies=trial.policies, model=trial.model, announced=announced)
        for one, told in of_ebbtide(falls, setting) if falls else ():
            rows.append(one)
            show([one])
            if asked.why:
                told_why(falls[0], told)
    if not asked.why and not asked.no_rivals:
        for one in of_rivals(falls):
            rows.append(one)
            show([one])
    if asked.falls and not asked.why:
        for one in of_family(family(asked.falls), trial):
            rows.append(one)
            show([one])
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
