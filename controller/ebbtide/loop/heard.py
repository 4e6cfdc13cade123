"""What people have written beside the policies, gathered anew at every tick."""

from ebbtide.api.parse import parse_calendar, parse_override, parse_profile
from ebbtide.loop.ports import Survey
from ebbtide.loop.spoken import Spoken
from ebbtide.loop.words import Words


class Heard:
    """Understands calendars, overrides and profiles, each version of them once."""

    def __init__(self, everywhere: str) -> None:
        """Of a house whose words hold for all in the namespace `everywhere`."""
        self._everywhere = everywhere
        self._calendars, self._overrides = Spoken(parse_calendar), Spoken(parse_override)
        self._profiles = Spoken(parse_profile)

    def of(self, survey: Survey) -> Words:
        """What is said now."""
        return Words(
            [(r.namespace, said) for r, said in self._calendars.of(survey.calendars)],
            [(r.namespace, r.name, said) for r, said in self._overrides.of(survey.overrides)],
            self._everywhere,
            {(r.namespace, r.name): said for r, said in self._profiles.of(survey.profiles)},
        )
