"""Ebbtide's way down beside the rivals': falls, dips, bad data, and a family of 200 seeded falls.

    EBBTIDE_TRACES=FOLDER python -m tests.bench.descent [--falls 200] [--only cliff,dip]
        [--set descent.window=6m] [--why dip]

Every scaler has the same sync of 15 s, the same metric (one value a minute, 30 s late) and no
headroom; 1,000 pods boot in 90 s. Each scenario follows a surge over ordinary days; cliff, dip and
fall are told once more on a day that usually asks for 1,000. The World Cup's match ends and a
forum's ebb are run where EBBTIDE_TRACES has them. Rows go to build/bench/descent.json; --docs draws
docs/descent.svg and writes the figures into docs/descent.md. --why tells one scenario tick by tick.
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ebbtide.cli.screen import screen
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.lanes import Lanes
from tests.bench.descent import tables
from tests.bench.descent.criteria import ORDINARY, TWICE, Verdict, board, verdicts
from tests.bench.descent.falls import Fall, named, on_an_ordinary_day
from tests.bench.descent.family import SIZE, family
from tests.bench.descent.front import front_verdicts, of_family
from tests.bench.descent.page import write
from tests.bench.descent.recorded import recorded
from tests.bench.descent.scalers import RIVALS, best_window, driven_by, own_pace
from tests.bench.descent.scores import Row, paced, row, shortfall
from tests.bench.descent.world import PLAIN, SHIPPED, Told, Trial, driven

OUT = pathlib.Path("build/bench/descent.json")


@dataclass
class Runs:
    """Everything that was run, as rows."""

    rows: list[Row] = field(default_factory=list)
    paced: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether a scaler kept to the allowed step, by scenario and scaler."""

    def add(self, fall: Fall, scaler: str, asked: Lanes) -> None:
        """Score one scaler on one fall."""
        self.rows.append(row(fall, scaler, asked))
        self.paced[fall.name, scaler] = paced(asked)

    def scalers(self) -> Sequence[str]:
        """Their names, in order."""
        return list(dict.fromkeys(str(one["scaler"]) for one in self.rows))


def scenarios() -> Sequence[Fall]:
    """Every fall that has a name, some of them on another past, and those that were recorded."""
    again = [
        f for f in named(on_an_ordinary_day, ORDINARY) if f.name.removesuffix(ORDINARY) in TWICE
    ]
    return [*named(), *again, *recorded()]


def run_named(falls: Sequence[Fall], trial: Trial) -> Runs:
    """All scalers on falls that have a name; Ebbtide through its own loop."""
    runs = Runs()
    for name, announced in (("ebbtide", False), ("ebbtide-announced", True)):
        told = driven(falls, replace(trial, announced=announced))
        for fall in falls:
            runs.add(fall, name, told[fall.name].asked)
    window = best_window([fall for fall in named() if fall.kind == "dip"], shortfall)
    for name, make in {**RIVALS, f"hpa-own-pace-{window:.0f}s": own_pace(window)}.items():
        _tell(f"{name} ...")
        for fall in falls:
            runs.add(fall, name, driven_by(name, make, [fall])[:, 0])
    return runs


def told_why(fall: Fall, told: Told) -> Iterator[str]:
    """What decided, whenever that changes."""
    before: tuple[float, str] = (0.0, "")
    course = zip(fall.seconds, fall.demand, told.asked, told.reasons, strict=True)
    for at, need, asked, why in course:
        if (asked, why) != before and at >= -60:
            yield f"{at:>8.0f} s  demand {need:>7.1f}  asked {asked:>5.0f}  {why}"
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
    """Run what was asked for, show it, and write the rows."""
    asked = _arguments()
    trial = Trial(policies=changed(asked.set), model=asked.model)
    wanted = asked.why or asked.only
    falls = [f for f in scenarios() if wanted is None or f.name in wanted.split(",")]
    if asked.why:
        for announced in (False, True):
            told = driven(falls, replace(trial, announced=announced))
            print("announced" if announced else "not announced")
            for fall in falls:
                print("\n".join(told_why(fall, told[fall.name])))
        return
    runs = run_named(falls, trial) if falls else Runs()
    many = []
    for one in of_family(family(asked.falls), trial) if asked.falls else ():
        _tell(f"family: {one['scaler']}")
        many.append(one)
    found = show(runs, falls, many)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([*runs.rows, *many], indent=1) + "\n")
    if asked.docs:
        write(runs.rows, runs.paced, many, found)


def show(runs: Runs, falls: Sequence[Fall], many: Sequence[Row]) -> Sequence[Verdict]:
    """Print the tables; returns what came of the criteria."""
    page, rows, found = screen(), board(runs.rows), list[Verdict]()
    page.width = max(page.width, 150)
    whole = {fall.name for fall in scenarios() if fall.kind != "recorded"} <= {
        f.name for f in falls
    }
    if whole:
        page.print("\n1,000 pods, after a surge\n", style="bold")
        page.print(tables.falls(rows, runs.paced, runs.scalers()))
        found += verdicts(rows, [fall.name for fall in falls], runs.paced)
    names = [fall.name for fall in falls if not whole or fall.name not in {f.name for f in named()}]
    if names:
        page.print("\non a day that usually asks for 1,000, and as recorded\n", style="bold")
        page.print(tables.recorded(rows, names, runs.scalers()))
    if many:
        page.print("\na family of seeded falls, all demand counted\n", style="bold")
        page.print(tables.family(many))
        found += front_verdicts(many)
    if found:
        page.print()
        page.print(tables.judged(found))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--falls", type=int, default=SIZE, help="falls of the family; 0: none")
    parser.add_argument("--only", help="scenarios, with commas between; -: none")
    parser.add_argument("--set", action="append", default=[], help="policy.field=value")
    parser.add_argument("--model", default=SHIPPED, help="forecaster of Ebbtide")
    parser.add_argument("--why", help="a scenario to tell tick by tick")
    parser.add_argument("--docs", action="store_true", help="write docs/descent.md and its picture")
    return parser.parse_args()


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{what:<70}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
