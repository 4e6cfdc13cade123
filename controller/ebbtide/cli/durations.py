"""Durations on the command line."""

from ebbtide.errors import InvalidInput
from ebbtide_policies.quantities import parse_duration, show_duration


def seconds(option: str, text: str, least: float = 0.0) -> float:
    """Seconds in a duration such as `90s` or `1h30m`; a bare number is seconds.

    Raises:
        InvalidInput: it is no duration, or a shorter one than makes sense.

    """
    bare = text.replace(".", "", 1).isdecimal()
    try:
        found = parse_duration(f"{text}s" if bare else text)
    except ValueError as error:
        raise InvalidInput(f"{option}: {error}") from error
    if found < least:
        raise InvalidInput(f"{option} {text}: write at least {show_duration(least)}")
    return found
