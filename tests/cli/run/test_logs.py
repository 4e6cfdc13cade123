"""Log lines: JSON for machines, text for people, one sentence a change."""

import json
import logging
from typing import Any

import pytest

from ebbtide.cli.run.logs import Format, configure, tell
from ebbtide.loop.runner import Missed
from ebbtide.loop.tick import Tick

MOMENT = 1_794_398_400.0
"""2026-11-11 12:00 UTC."""
STEP = {"from": 1189, "to": 1131, "reason": "DescentStep"}
QUIET = (0, 0)


def say(message: str, *arguments: object, level: int = logging.INFO, **extra: Any) -> None:
    """Log a line at a known moment."""
    record = logging.makeLogRecord(
        {"name": "ebbtide.loop", "msg": message, "args": arguments, "levelno": level}
        | {"levelname": logging.getLevelName(level), "created": MOMENT, **extra}
    )
    logging.getLogger("ebbtide.loop").handle(record)


def test_json_carries_the_sentence_the_workload_and_the_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(Format.JSON)
    say("%s: 1189 -> 1131", "live/edge", workload="live/edge", step=STEP)
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err) == {
        "time": "2026-11-11T12:00:00.000+00:00",
        "level": "info",
        "message": "live/edge: 1189 -> 1131",
        "workload": "live/edge",
        "step": STEP,
    }


def test_json_keeps_a_traceback_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Format.JSON)
    try:
        raise ValueError("no such thing")  # noqa: TRY301
    except ValueError:
        logging.getLogger("ebbtide.loop").exception("the tick failed", extra={"at": {1}})
    [line] = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["level"], told["at"]) == ("error", "{1}")
    assert told["traceback"].endswith("ValueError: no such thing")


def test_text_is_one_line_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Format.TEXT)
    say("live/edge: 1189 -> 1131", level=logging.WARNING, workload="live/edge", step=STEP)
    assert capsys.readouterr().err == "2026-11-11T12:00:00Z WARNING live/edge: 1189 -> 1131\n"


def test_the_past_is_read_with_progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tell(Tick(now=MOMENT, leading=False), (3, 28))
    assert caplog.messages == ["reading the past: 3 of 28 requests are done"]


def test_a_tick_in_detail_is_for_those_who_ask(caplog: pytest.LogCaptureFixture) -> None:
    tick = Tick(
        now=MOMENT,
        leading=True,
        failures={"live/origin": "its target is gone"},
        seconds={"survey": 0.2, "decide": 0.1},
    )
    caplog.set_level(logging.INFO, "ebbtide")
    tell(tick, QUIET)
    assert caplog.messages == []
    caplog.set_level(logging.DEBUG, "ebbtide")
    tell(tick, QUIET)
    assert caplog.messages == ["tick: 0 workloads decided, 1 not; slowest step survey"]


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(Missed(MOMENT, 2), id="missed"),
        pytest.param(Tick(now=MOMENT, leading=False), id="following"),
    ],
)
def test_nothing_is_said_where_nothing_is_done(
    caplog: pytest.LogCaptureFixture, what: Tick | Missed
) -> None:
    caplog.set_level(logging.DEBUG)
    tell(what, QUIET)
    assert caplog.messages == []
