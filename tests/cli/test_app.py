"""The command line as a whole: exit codes, tracebacks, help, and what it loads."""

import json
import logging
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from ebbtide.cli import BLAS_THREADS
from ebbtide.cli.app import app
from ebbtide.cli.process import log_in_lines
from tests.cli.conftest import Ebbtide
from tests.cli.samples import EDGE, HILL, csv, write

COMMANDS = [str(command.name) for command in app.registered_commands]
HEAVY = ["kubernetes", "requests", "prometheus_client", "prometheus_api_client", "urllib3"]
INTERRUPTED = """
import signal, sys
from ebbtide.cli import main
class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == "{}":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
main()
"""
THREADS = """
import atexit, os, sys
from ebbtide.cli import main
@atexit.register
def told():
    import numpy
    numpy.ones((512, 512)) @ numpy.ones((512, 512))
    print(len(os.listdir("/proc/self/task")), file=sys.stderr)
main()
"""
PROGRAM = """
import atexit, json, sys
from ebbtide.cli import main
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
main()
"""


# --- failures ---------------------------------------------------------------------------------


def test_a_failure_is_one_line_without_a_traceback(ebbtide: Ebbtide) -> None:
    told = ebbtide("check", "nowhere.yaml")
    assert told == (3, "", "ebbtide: nowhere.yaml can't be read: No such file or directory\n")


def test_a_long_failure_stays_one_line_and_is_shown_as_it_stands(ebbtide: Ebbtide) -> None:
    name = f"[bold]:tada: {'far/' * 60}policy.yaml"
    told = ebbtide("check", name)
    assert told.err == f"ebbtide: {name} can't be read: No such file or directory\n"


def test_a_traceback_is_for_those_who_ask(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ebbtide.cli", "--debug", "check", "nowhere.yaml"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "ebbtide.errors.InvalidInput: nowhere.yaml can't be read" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["check", "edge.yaml"], 0, id="done"),
        pytest.param(["check", "wrong.yaml"], 1, id="a-problem-was-found"),
        pytest.param(["check", "--wrong"], 2, id="wrong-option"),
        pytest.param(["chekc"], 2, id="wrong-command"),
        pytest.param([], 2, id="no-command"),
        pytest.param(["plan", "edge.yaml"], 3, id="input-refused"),
        pytest.param(
            ["plan", "edge.yaml", "--prometheus", "http://127.0.0.1:9"], 4, id="no-metrics"
        ),
        pytest.param(["explain", "live/edge", "--kubeconfig", "dead.yaml"], 4, id="no-cluster"),
    ],
)
def test_exit_codes_are_those_of_the_table(
    ebbtide: Ebbtide, tmp_path: Path, arguments: list[str], code: int
) -> None:
    dead = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": "http://127.0.0.1:9"}}],
        "contexts": [{"name": "live", "context": {"cluster": "here", "user": ""}}],
        "current-context": "live",
    }
    write(tmp_path, edge_yaml=EDGE, wrong_yaml="a: b\n", dead_yaml=json.dumps(dead))
    assert ebbtide(*arguments).code == code


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    write(tmp_path, hill_csv=csv())
    command = f"{sys.executable} -m ebbtide.cli demo --csv hill.csv | head -n 1"
    shell = ["bash", "-o", "pipefail", "-c", command]
    done = subprocess.run(shell, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ebbtide demo: hill.csv")


@pytest.mark.parametrize("form", ["", "--json"])
def test_a_full_disk_is_told_and_leaves_no_traceback(tmp_path: Path, form: str) -> None:
    write(tmp_path, edge_yaml=EDGE, hill_csv=csv())
    command = f"{sys.executable} -m ebbtide.cli check edge.yaml --csv hill.csv {form} > /dev/full"
    done = subprocess.run(command, shell=True, check=False, capture_output=True, cwd=tmp_path)
    assert done.returncode == 5
    assert done.stderr == b"ebbtide: [Errno 28] No space left on device\n"


def test_a_terminal_without_unicode_is_shown_what_it_can(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE, hill_csv=csv(HILL[:3]))
    done = subprocess.run(
        [sys.executable, "-m", "ebbtide.cli", "plan", "edge.yaml", "--csv", "hill.csv"],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"##########" in done.stdout


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("ebbtide.cli.app", id="while it loads"),
        pytest.param("pyarrow", id="while it runs"),
    ],
)
def test_ctrl_c_ends_a_command_with_one_line_and_130(tmp_path: Path, module: str) -> None:
    write(tmp_path, edge_yaml=EDGE)
    (tmp_path / "hill.csv").write_bytes(b"PAR1")
    arguments = ["check", "edge.yaml", "--parquet", "hill.csv"]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(module), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "ebbtide: interrupted\n")


@pytest.mark.parametrize("text", ["\x00\xff", "- 1\n", "nothing", "{clusters: 5}"])
def test_a_kubeconfig_that_is_anything_else_is_named(
    ebbtide: Ebbtide, tmp_path: Path, text: str
) -> None:
    (tmp_path / "kube.yaml").write_text(text, encoding="latin-1")
    told = ebbtide("timeline", "--kubeconfig", "kube.yaml")
    assert (told.code, told.out) == (3, "")
    assert "kube.yaml" in told.err
    gone = ebbtide("timeline", "--kubeconfig", "gone.yaml")
    assert (gone.code, gone.out) == (3, "")
    assert gone.err.endswith("there is no file gone.yaml\n")


def test_it_says_which_version_it_is(ebbtide: Ebbtide) -> None:
    assert ebbtide("--version") == (0, f"ebbtide {version('ebbtide')}\n", "")


def test_what_a_replay_logs_at_every_tick_is_one_line_once_and_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_in_lines()
    for _ in range(2):
        try:
            raise KeyError("no such season")  # noqa: TRY301
        except KeyError as error:
            logging.getLogger("any").warning("it can't forecast", exc_info=error)
    assert capsys.readouterr().err == "ebbtide: it can't forecast: KeyError: 'no such season'\n"


# --- help -------------------------------------------------------------------------------------


def test_help_tells_every_command_in_one_line(
    ebbtide: Ebbtide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = ebbtide("--help")
    lines = [line for line in told.out.splitlines() if line.startswith("  ")]
    found = {line.split()[0]: line for line in lines}
    assert found.keys() >= set(COMMANDS)
    assert not [found[command] for command in COMMANDS if "..." in found[command]]
    assert "Exit codes: 0 done, 1 a problem was found" in told.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_terminal_and_speaks_of_people_s_words(
    ebbtide: Ebbtide, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = ebbtide(command, "-h")
    assert told.code == 0
    assert max(map(len, told.out.splitlines())) <= 80
    python = ("<str>", "<path>", "<int", "<float", "<list", "<Path>")
    assert not [word for word in python if word in told.out]


# --- what it loads ----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["check", "edge.yaml"], ["crd"]])
def test_a_light_command_loads_no_client(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, edge_yaml=EDGE)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"COVERAGE_PROCESS_START": ""},
    )
    assert done.returncode == 0
    assert not set(HEAVY) & set(json.loads(done.stderr))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="a single core has a single thread anyway")
@pytest.mark.parametrize(
    ("said", "threads"),
    [pytest.param(None, 1, id="nobody says otherwise"), pytest.param("2", 2, id="somebody does")],
)
def test_one_thread_reckons_unless_somebody_says_otherwise(said: str | None, threads: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != BLAS_THREADS}
    environment |= {BLAS_THREADS: said} if said else {}
    done = subprocess.run(
        [sys.executable, "-c", THREADS, "--version"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert int(done.stderr) == threads
