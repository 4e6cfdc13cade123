"""Log lines: one sentence a change, as JSON for machines or as text for people."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum

from ebbtide.api.timestamps import TO_THE_SECOND
from ebbtide.loop.runner import Missed
from ebbtide.loop.tick import Tick

log = logging.getLogger("ebbtide")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LINE = "%(asctime)s %(levelname)-7s %(message)s"


class Format(StrEnum):
    """How a log line looks."""

    JSON = "json"
    TEXT = "text"


class _Json(logging.Formatter):
    """One JSON object a line; what a record carries beside its sentence is kept as fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class _Text(logging.Formatter):
    """One line for people, in UTC as everything else that Ebbtide says."""

    converter = staticmethod(time.gmtime)


def configure(how: Format) -> None:
    """Send log lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if how is Format.JSON else _Text(_LINE, TO_THE_SECOND))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def tell(what: Tick | Missed, backfill: tuple[int, int]) -> None:
    """Say one sentence about a tick, where there is something to say."""
    done, asked = backfill
    if done < asked:
        log.info("reading the past: %d of %d requests are done", done, asked)
    if isinstance(what, Missed) or not what.leading:
        return
    slowest = max(what.seconds, key=lambda step: what.seconds[step], default="")
    log.debug(
        "tick: %d workloads decided, %d not; slowest step %s",
        len(what.accounts),
        len(what.failures),
        slowest,
        extra={"seconds": dict(what.seconds)},
    )
