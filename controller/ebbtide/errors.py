"""Everything that can go wrong, in one tree. Edges translate into it; nobody else catches more.

EbbtideError                  one line for a person: what, to which object, what to do
├── InvalidInput              a file, an option or an object that can't be understood
├── MetricsUnavailable        a metrics source did not answer, or not with what was asked for
│   └── WrongQuery            it will not, however often it is asked: the query has to change
├── ClusterUnavailable        the API server did not answer, or not with what was asked for
│   └── Refused               it refused: what was asked for has not been done, and won't be
│       ├── Forbidden         RBAC, a quota or an admission webhook forbids it
│       ├── NotFound          the object is not there
│       └── Conflict          the object has changed since it was read
└── NotLeading                a write was due, but leadership is not certain
"""

from typing import Self


class EbbtideError(Exception):
    """Any expected failure. Its text is for people."""

    @property
    def said(self) -> object:
        """The text; a `Message` where edges tell it so that it can be translated."""
        return self.args[0] if self.args else ""

    def kept(self) -> Self:
        """The same, to be kept as a value: without the frames that it came through.

        They hold all that was at hand then, up to a whole tick; and as one of them often holds the
        error itself, all of it would be there until the collector of cycles comes by.
        """
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class InvalidInput(EbbtideError):
    """A file, an option or an object can't be understood; the text gives the path of the field."""


class MetricsUnavailable(EbbtideError):
    """A metrics source did not answer, or not with what was asked for."""


class WrongQuery(MetricsUnavailable):
    """The query is wrong: it can't be understood, or answers with more than one series."""


class ClusterUnavailable(EbbtideError):
    """The API server did not answer, or refused."""


class Refused(ClusterUnavailable):
    """The API server refused; what was asked for has not been done, and won't be any more."""


class Forbidden(Refused):
    """RBAC, a quota or an admission webhook forbids it."""


class NotFound(Refused):
    """The object is not there."""


class Conflict(Refused):
    """The object has changed since it was read."""


class NotLeading(EbbtideError):
    """A write was due, but leadership is not certain any more."""
