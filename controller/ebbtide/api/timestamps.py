"""Moments in UTC as people and the API server read them."""

from datetime import UTC, datetime

TO_THE_SECOND = "%Y-%m-%dT%H:%M:%SZ"
"""The form in which `clock` writes a moment for programs."""


def stamp(epoch: float) -> str:
    """Write epoch seconds in RFC 3339, to the millisecond."""
    text = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def clock(epoch: float, form: str) -> str:
    """Write epoch seconds in UTC, in a form of people's choice."""
    return datetime.fromtimestamp(epoch, UTC).strftime(form)


def worded(epoch: float, template: str) -> str:
    """Write epoch seconds in UTC as a template has it, where months and days stand as in speech."""
    return template.format(datetime.fromtimestamp(epoch, UTC))


def epoch(text: str) -> float:
    """Epoch seconds of a moment in RFC 3339.

    Raises:
        ValueError: the text is no such moment.

    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} does not say its offset from UTC")
    return found.timestamp()


def epoch_or_none(text: object) -> float | None:
    """The same of what others may have written; None when it is no such moment."""
    try:
        return epoch(text) if isinstance(text, str) else None
    except ValueError:
        return None
