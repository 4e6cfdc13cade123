"""`ebbtide test`: run the tests that SREs write for their policies."""

import pathlib
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text

from ebbtide.api.fields.local_time import moment
from ebbtide.api.reading.error_messages import place
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import understand
from ebbtide.api.yaml_text import read as read_yaml
from ebbtide.cli.cases.cases import Case, Miss, Outcome, PolicyTests, misses
from ebbtide.cli.files import promise, read, write
from ebbtide.cli.models import installed, plugins
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.edits import Edit, edited
from ebbtide.cli.simulation.manifests import manifests_in
from ebbtide.cli.simulation.remarks import remarks_on, remarks_on_all
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.errors import InvalidInput
from ebbtide_policies.message import Message

_WHOLE = "write policies and cases, in one document"
SUFFIX = ".test.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case, and what came of it."""

    file: str
    name: str = ""
    """The sentence of the case; nothing, where the file is none of cases that can be read."""
    misses: Sequence[Miss] = ()
    seconds: float = 0.0
    why: str = ""
    """Why it could not be replayed; nothing, if it could."""
    remarks: Sequence[Message] = ()
    """What a replay can't know of it."""


def run_cases(
    paths: Annotated[
        list[pathlib.Path],
        typer.Argument(
            metavar="PATH", help=f"Files of cases, or folders in which they end in {SUFFIX}."
        ),
    ],
    junit: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="Write the results as JUnit XML too, for a CI."),
    ] = None,
) -> None:
    """Run the tests that stand beside your policies.

    A file names its policies, and cases: a demand (a CSV or some points), and what has to come of
    it. Every case is decided by the code of the live loop.
    """
    promise(junit)
    files = [found for path in paths for found in _files(path)]
    if not files:
        raise InvalidInput(f"no file here ends in {SUFFIX}; name one")
    results, console = [], screen()
    for result in (result for path in files for result in _results(path)):
        results.append(result)
        console.print(_line(result), soft_wrap=True)
        for miss in result.misses:
            console.print(Text(f"      {miss}"), soft_wrap=True)
        for remark in result.remarks:
            console.print(Text(f"      ! {remark}", "yellow"), soft_wrap=True)
    failed, broken = (sum(map(bool, column)) for column in _told(results))
    if junit:
        write(junit, junit_xml(results))
    more = f", {broken} could not be run" if broken else ""
    console.print(f"{len(results) - failed - broken} passed, {failed} failed{more}")
    if broken:
        raise InvalidInput("\n".join(one.why for one in results if one.why))
    if failed:
        raise typer.Exit(1)


def _files(path: pathlib.Path) -> Sequence[pathlib.Path]:
    return sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]


def _told(results: Sequence[Result]) -> Sequence[Sequence[object]]:
    """What each case missed, and why each could not be run."""
    return [one.misses for one in results], [one.why for one in results]


def _line(result: Result) -> Text:
    failed = ("FAIL", "bold red") if result.misses else ("  ok", "green")
    sign = (" ERR", "bold red") if result.why else failed
    name = f"  {result.name}" if result.name else ""
    return Text.assemble(sign, name, "  ", (result.file, "dim"))


def _results(path: pathlib.Path) -> Iterator[Result]:
    """What came of every case of a file; one that can't be run keeps no other from it."""
    try:
        tests = _understood(path)
        manifests = _policies(path, tests)
    except InvalidInput as error:
        yield Result(file=str(path), why=str(error))
        return
    for name, case in tests.cases.items():
        begun = time.perf_counter()
        try:
            outcome, remarks = _replayed(path, tests, case, manifests)
        except InvalidInput as error:
            yield Result(file=str(path), name=name, why=f"{path}: {name}: {error}")
            continue
        found = list(misses(case.expect, outcome, tests.time_zone))
        seconds = time.perf_counter() - begun
        yield Result(file=str(path), name=name, misses=found, seconds=seconds, remarks=remarks)


def _policies(path: pathlib.Path, tests: PolicyTests) -> Sequence[Manifest]:
    """What stands in the files that the tests name.

    Raises:
        InvalidInput: one can't be read or understood, and which tests it is for.

    """
    try:
        return manifests_in(path.parent / name for name in tests.policies)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: policies: {error}") from error


def _understood(path: pathlib.Path) -> PolicyTests:
    """The cases of a file.

    Raises:
        InvalidInput: one line for everything that is wrong, with its line in the file.

    """
    text = read_yaml(read(path))
    if text.why or len(text.documents) != 1:
        raise InvalidInput(f"{path}:{text.broken_at or 1}: {text.why or _WHOLE}")
    document = text.documents[0]
    found = understand(PolicyTests, document.body) if isinstance(document.body, dict) else None
    wrong = [*found.skipped] if isinstance(found, PolicyTests) else found or []
    faults = [*document.faults, *wrong]
    if isinstance(found, PolicyTests) and not faults:
        return found
    lines = [f"{path}:{document.line(f.at)}: {place(f.at)}: {f.why}" for f in faults]
    raise InvalidInput("\n".join(lines) or f"{path}:1: {_WHOLE}")


def _replayed(
    path: pathlib.Path, tests: PolicyTests, case: Case, manifests: Sequence[Manifest]
) -> tuple[Outcome, Sequence[Message]]:
    """What came out of a case, and what a replay can't know of it.

    Raises:
        InvalidInput: it can't be replayed, and why.

    """
    edits = [Edit(tuple(field.split(".")), value) for field, value in case.set.items()]
    known = installed()
    changed = [edited(manifest, edits, known) for manifest in manifests]
    recorded = _demand(path, tests, case)
    world = Conditions(tick=recorded.decided_every(case.tick, "tick"), lead=case.lead)
    simulation = Simulation(changed, recorded.answer, world, plugins())
    frames = [f for tick in simulation.run(recorded.start, recorded.end + case.tick) for f in tick]
    keys = {frame.workload for frame in frames}
    if len(keys) != 1:
        raise InvalidInput(f"a case is about one CapacityPolicy, and there are {len(keys)}")
    key = keys.pop()
    course = simulation.course(key, frames)
    bench = simulation.workbenches[key]
    unknown = remarks_on(simulation, recorded, frames, course, remarks_on_all(simulation, recorded))
    return Outcome(frames=frames, score=bench.scored(course), priced=bench.price > 0), unknown


def _demand(path: pathlib.Path, tests: PolicyTests, case: Case) -> Recorded:
    recorded = case.demand.recorded(path.parent, tests.time_zone)
    if case.start is None:
        return recorded
    start = moment(case.start, tests.time_zone)
    if not recorded.start <= start < recorded.end:
        raise InvalidInput(f"start: {case.start} is outside of the demand")
    return Recorded(recorded.series, start, recorded.end)


def junit_xml(results: Sequence[Result]) -> str:
    """The results as CI servers read them."""
    failed, broken = (sum(map(bool, column)) for column in _told(results))
    suite = ET.Element(
        "testsuite",
        name="ebbtide",
        tests=str(len(results)),
        failures=str(failed),
        errors=str(broken),
        time=f"{sum(one.seconds for one in results):.3f}",
    )
    for one in results:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=one.file,
            name=one.name or pathlib.Path(one.file).name,
            time=f"{one.seconds:.3f}",
        )
        if one.misses:
            failure = ET.SubElement(case, "failure", message=str(one.misses[0]))
            failure.text = "\n".join(map(str, one.misses))
        if one.why:
            ET.SubElement(case, "error", message=one.why.splitlines()[0]).text = one.why
        if one.remarks:
            ET.SubElement(case, "system-out").text = "\n".join(map(str, one.remarks))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
