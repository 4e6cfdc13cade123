"""The Chinese of a report: all that the code says in English, and nothing that it doesn't."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest

import ebbtide.adapters.kubernetes
import ebbtide.cli.compare
import ebbtide.cli.plan
import ebbtide.cli.simulation
import ebbtide.cli.tune
import ebbtide.planning.tuning
import ebbtide_policies
from ebbtide.cli.cluster.explain import MEANS
from ebbtide.cli.report import fonts
from ebbtide.cli.report.translations import Language, translations
from ebbtide_policies.message import Message
from tests.cli.conftest import Ebbtide
from tests.cli.printed import english, shown, words
from tests.cli.samples import CALENDAR, EDGE, HILL, csv, write

CHINESE = translations(Language.ZH).templates


def templates(path: Path) -> Iterator[str]:
    """The texts that a policy makes bounds of: all that are neither documented nor raised."""
    tree = ast.parse(path.read_text("utf-8"))
    others = [node for node in ast.walk(tree) if isinstance(node, ast.keyword | ast.Raise)]
    left = {id(part) for node in [*others, *_docstrings(tree)] for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left:
            yield node.value


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node


def files_of(package: ModuleType) -> Iterator[Path]:
    return Path(package.__path__[0]).rglob("*.py")


def of_policies() -> set[str]:
    files = Path(ebbtide_policies.__file__).parent.glob("*.py")
    bounding = [path for path in files if "Bound" in path.read_text("utf-8")]
    return {text for path in bounding for text in templates(path) if " " in text.strip()}


def of_messages() -> set[str]:
    """What a plan and a search say, and the edge of a cluster that a plan is for."""
    found = set()
    plans = (ebbtide.cli.plan, ebbtide.cli.compare, ebbtide.cli.simulation)
    rooms = (*plans, ebbtide.adapters.kubernetes, ebbtide.cli.tune, ebbtide.planning.tuning)
    files = [path for room in rooms for path in files_of(room)]
    for path in (*files, Path(fonts.__file__)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Message":
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}"
                found.add(str(node.args[0].value))
    return found


def test_whatever_the_code_says_is_said_in_chinese_and_nothing_else_is() -> None:
    assert {*of_policies(), *of_messages(), *MEANS.values()} == CHINESE.keys()


def places(template: str) -> list[tuple[str, str]]:
    """The values that a template takes, and how each is shown."""
    named = [(name, spec) for _, name, spec, _ in Formatter().parse(template) if name is not None]
    return sorted((name or str(i), spec or "") for i, (name, spec) in enumerate(named))


@pytest.mark.parametrize("template", CHINESE)
def test_a_sentence_says_the_same_figures_in_chinese(template: str) -> None:
    assert places(CHINESE[template]) == places(template)


def test_chinese_is_punctuated_as_chinese() -> None:
    said = [*translations(Language.ZH).values(), *CHINESE.values()]
    bare = [re.sub(r"\{[^}]*\}", "", text) for text in said]
    assert not [text for text in bare if re.search("[,;:()]", text)]


def test_what_nobody_has_translated_stays_as_it_is() -> None:
    said = translations(Language.ZH)
    assert said.told(Message("{} is asleep", ("edge",))) == "edge is asleep"


def test_a_sentence_within_another_is_told_in_the_same_language() -> None:
    told = Message("left out: {}: {}", (Message("quotas"), "no"))
    assert translations(Language.ZH).told(told).startswith("未计入配额")
    assert str(told) == "left out: quotas: no"


MUCH = (
    EDGE
    + """\
  policies:
    experienceGate: {signals: {stalls: {query: stalls, atMost: 0.1}}}
    schedule: {windows: {noon: {start: "12:00", end: "12:30", floor: 15, ceiling: 400}}}
    query: {questions: {standby: {query: sum(viewers), perReplica: 1000}}}
    sessions: {query: sum by (pod) (live)}
"""
)


SCENARIO = "tiers: {core: 20%, others: 80%}\nexperience: {stalls: {50%: 0.01, 90%: 0.2}}\n"
NAMES = {
    *("live", "edge", "ebbtide", "HPA", "UTC", "plan", "html", "core", "others", "maxStep"),
    *("opening", "closing", "elsewhere", "gala", "selector", "stalls"),
    *("experience", "experienceGate", "session", "sessions", "demand", "times"),
}
"""What is called the same in every language."""


@pytest.fixture
def much(tmp_path: Path) -> tuple[str, ...]:
    """A plan of which there is a lot to say."""
    shapeless = CALENDAR.replace("demand: 8k", "like: gala, times: 2")
    strange = CALENDAR.replace("promotions", "others").replace("live", "elsewhere")
    strange = strange.replace("opening", "closing")
    values = [*HILL[:60], *[3950] * 20, *[""] * 5, *HILL[60:]]
    write(tmp_path, edge_yaml=MUCH, days_yaml=f"{shapeless}---\n{strange}", hill_csv=csv(values))
    write(tmp_path, world_yaml=SCENARIO)
    return "--csv", "hill.csv", "--tick", "60s", "--report", "plan.html", "--lang", "zh"


def test_no_english_is_left_on_the_chinese_page_but_names(
    ebbtide: Ebbtide, much: tuple[str, ...]
) -> None:
    told = ebbtide("plan", "edge.yaml", "days.yaml", *much)
    assert (told.code, told.err) == (0, "")
    assert "副本" in shown(Path("plan.html"))
    assert english(Path("plan.html")) == {"EventProfile gala", "EventCalendar elsewhere"}


@pytest.mark.parametrize("world", [(), ("--scenario", "world.yaml")], ids=["plain", "modelled"])
def test_nor_on_the_terminal_beside_it(
    ebbtide: Ebbtide, much: tuple[str, ...], world: tuple[str, ...]
) -> None:
    told = ebbtide("plan", "edge.yaml", "days.yaml", *much, *world)
    assert told.out.startswith("live/edge  2026-03-02 12:00 至 2026-03-02 14:24")
    assert "3月2日 13:00\n" in told.out
    assert not words(told.out) - NAMES


def test_nor_in_a_comparison(ebbtide: Ebbtide, much: tuple[str, ...]) -> None:
    files = ("edge.yaml", "edge.yaml,policies.descent.maxStep=20%", "--with", "days.yaml")
    told = ebbtide("compare", *files, *much, "--scenario", "world.yaml")
    assert (told.code, told.err) == (0, "")
    assert "差异最大之处" in told.out
    assert not words(told.out) - NAMES
    alike = ebbtide("compare", "edge.yaml", "edge.yaml,replicas.max=400", *much)
    assert "各策略的决策处处相同" in alike.out


QUICK = f"{EDGE}  forecast: {{model: Persistence}}\n"
AIM = f"{QUICK}  objective: {{unserved: 0.001%}}\n"
STEPS = ("--vary", "policies.descent.maxStep=5%,50%", "--objective", "9%")
FIELDS = {"MAXSTEP", "MAX", "replicas", "max", "HEADROOM", "WIDTH", "TRUST", "WINDOW"}
"""What is varied."""


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        pytest.param(QUICK, STEPS, "达标且最省者", id="one that keeps the objective"),
        pytest.param(QUICK, ("--vary", "replicas.max=10,12"), "没有变体达到目标", id="none"),
        pytest.param(QUICK, (*STEPS, "--what-if", "session=9m"), "被中断的在线会话", id="sessions"),
        pytest.param(MUCH, (*STEPS, "--scenario", "world.yaml"), "体验超限的分钟数", id="users"),
        pytest.param(AIM, (), "已知需求", id="an objective"),
    ],
)
@pytest.mark.usefixtures("much")
def test_nor_in_a_search(
    ebbtide: Ebbtide, tmp_path: Path, policy: str, options: tuple[str, ...], said: str
) -> None:
    write(tmp_path, edge_yaml=policy)
    args = ("edge.yaml", "--csv", "hill.csv", "--lang", "zh", "--diff", "change.yaml")
    told = ebbtide("tune", *args, *options)
    assert (told.code, told.err) == (0, "")
    page, _, _ = told.out.partition("\nspec:")
    assert said in page
    assert not words(page) - NAMES - FIELDS
    assert not words(Path("change.yaml").read_text("utf-8").partition("\n")[0]) - NAMES


def test_what_programs_read_is_the_same_in_every_language(
    ebbtide: Ebbtide, much: tuple[str, ...]
) -> None:
    in_chinese = ebbtide("plan", "edge.yaml", *much, "--json").out
    assert in_chinese == ebbtide("plan", "edge.yaml", *much[:-2], "--json").out
