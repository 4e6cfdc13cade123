"""What the front page tells a newcomer to do does what it says."""

import os
import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MINUTE = 60.0


def test_the_policy_on_the_page_is_the_one_in_the_examples() -> None:
    [policy] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert policy == (ROOT / "docs/examples/stream-edge.yaml").read_text("utf-8")


def _said_at_a_terminal(command: list[str]) -> str:
    """What a command says where no make has started it, which it would tell by and speak of."""
    calm = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=ROOT, env=calm, check=True, capture_output=True, text=True)
    return done.stdout


def test_one_command_leads_from_a_csv_to_the_report_in_under_a_minute(tmp_path: Path) -> None:
    assert "\n$ make plan CSV=demand.csv " in README
    report = tmp_path / "plan.html"
    asked = ["CSV=docs/examples/demand.csv", f"REPORT={report}", "ARGS="]
    recipe = _said_at_a_terminal(["make", "--dry-run", "plan", *asked])
    program, *arguments = shlex.split(recipe.splitlines()[-1])
    assert program == ".venv/bin/ebbtide"
    command = [sys.executable, "-m", "ebbtide.cli", *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"peak [0-9,]+ replicas, Tue 10 11:", done.stdout)  # how many, and when
    assert "demand in replicas at their target load" in done.stdout
    assert re.search(r"their cost +[0-9,.]+ +[0-9,.]+\n", done.stdout)
    assert "lies flat at its top" not in done.stdout  # its peak is short, and clipped by nothing
    assert done.stdout.endswith(f"report: {report}\n")
    assert "live/stream-edge" in report.read_text("utf-8")
    assert after.ru_utime - before.ru_utime < MINUTE
