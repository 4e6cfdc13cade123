"""A sentence as a template and what stands in it: it is written late, and in any language."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence for people, in English as it is.

    The template is formatted only when somebody reads it. One that its values don't fit is shown
    raw: a sentence about a decision may not be what stops it. A value may be a message itself.
    """

    template: str
    values: tuple[object, ...] = ()

    def __str__(self) -> str:
        """The sentence in English."""
        return self.told({})

    def told(self, templates: Mapping[str, str]) -> str:
        """The sentence by the template that stands for its own in another language, if one does."""
        template = templates.get(self.template, self.template)
        try:
            return template.format(*(_shown(value, templates) for value in self.values))
        except (AttributeError, LookupError, TypeError, ValueError):
            return template


class _Sign(str):
    """Stands for a number, however that was to be shown."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return str(self)


_UNKNOWN, _ENDLESS = _Sign("?"), _Sign("∞")


def _shown(value: object, templates: Mapping[str, str]) -> object:
    """A value for people: what is unknown is no NaN to them, and what is said is told alike."""
    if isinstance(value, Message):
        return value.told(templates)
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return _UNKNOWN if math.isnan(value) else _ENDLESS
