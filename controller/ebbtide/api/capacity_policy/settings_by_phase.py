"""`when`: other settings of a policy in some phases. What it says changes settings, never presence.

    descent: {maxStep: 5%, soak: 1m, when: {Ebb: {maxStep: 10%}, War: {soak: 5m}}}

In a phase hold the settings that are written for it, laid over the others as a policy is laid over
its preset.
"""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, cast

from pydantic import AfterValidator, Field, ValidationError, create_model, model_validator
from pydantic.alias_generators import to_snake
from pydantic.fields import FieldInfo

from ebbtide.api.capacity_policy.presets import merged
from ebbtide.api.fields.rules import VALIDATIONS, Spec
from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.event_calendar import CalendarSettings
from ebbtide_policies.limits import LimitSettings
from ebbtide_policies.observation import Phase
from ebbtide_policies.registry import CONFIGURABLE

S = TypeVar("S", bound=PolicySettings)
_PHASES = tuple(phase.value for phase in Phase)
_RULE: dict[str, Any] = {
    "rule": f"self.all(phase, phase in {list(_PHASES)})",
    "message": f"is by phase; known are {', '.join(_PHASES)}",
}


@cache
def by_phase(settings: type[PolicySettings]) -> type[PolicySettings]:
    """The same settings, and beside them `when`; those that have a `when` of their own stay."""
    if "when" in settings.model_fields:
        return settings
    when: Any = Field(
        {},
        max_length=len(_PHASES),
        description=f"Other settings in a phase ({', '.join(_PHASES)}). What is not written there "
        "stays as it is.",
        json_schema_extra={VALIDATIONS: [_RULE]},
    )
    part: Any = _partial(settings)
    overs: Any = Annotated[dict[str, part], AfterValidator(_known)]
    return _made(f"{settings.__name__}ByPhase", (ByPhase, settings), {"when": (overs, when)})


class ByPhase(PolicySettings):
    """What settings with a `when` have in common."""

    if TYPE_CHECKING:
        when: dict[str, PolicySettings]

    @model_validator(mode="after")
    def _makes_sense_in_every_phase(self) -> Self:
        for phase in self.when:
            _check(self, Phase(phase))
        return self

    @classmethod
    def plain(cls) -> type[PolicySettings]:
        """The settings without `when`."""
        others = [base for base in cls.__bases__ if not issubclass(base, ByPhase)]
        return next(base for base in others if issubclass(base, PolicySettings))


def settings_in(written: S, phase: Phase) -> S:
    """The settings that hold in a phase, of what is written for all of them.

    Raises:
        ValidationError: together they make no sense.

    """
    if not isinstance(written, ByPhase):
        return written
    plain: Any = written.plain()
    over = written.when.get(phase.value)
    if over is None:
        known = {name: getattr(written, name) for name in plain.model_fields}
        return cast("S", plain.model_construct(written.model_fields_set - {"when"}, **known))
    said = _as_written(written, exclude={"when"})
    return cast("S", plain.model_validate(merged(said, _as_written(over))))


def limits_in(written: LimitSettings, phase: Phase) -> LimitSettings:
    """The range of replicas in a phase: a prewarm has ready what the war may not do without."""
    found = settings_in(written, phase)
    if phase is not Phase.PREWARM:
        return found
    least = max(found.min, settings_in(written, Phase.WAR).min)
    return found.model_copy(update={"min": min(least, found.max)})


def prepared(written: CalendarSettings, phase: Phase) -> CalendarSettings:
    """What the calendar reckons with in a phase: before a war, what it will take to be ready.

    What holds in a prewarm has to be there by its end, and what holds in the war at its first
    minute: so until then the larger of both counts.
    """
    found = settings_in(written, phase)
    if phase is Phase.WAR:
        return found
    prewarm, war = (settings_in(written, ahead) for ahead in (Phase.PREWARM, Phase.WAR))
    larger = {
        "headroom": max(prewarm.headroom, war.headroom),
        "margin": max(prewarm.margin, war.margin),
    }
    return found.model_copy(update=larger)


def least_replicas(limits: LimitSettings) -> int:
    """The smallest minimum of any phase."""
    return min(settings_in(limits, phase).min for phase in Phase)


def largest_minimum(limits: LimitSettings) -> int:
    """The largest minimum of any phase."""
    return max(settings_in(limits, phase).min for phase in Phase)


def most_replicas(limits: LimitSettings) -> int:
    """The largest maximum of any phase."""
    return max(settings_in(limits, phase).max for phase in Phase)


def most_announced(limits: LimitSettings) -> int:
    """The largest fleet that may be there for an event: before it, and while it lasts."""
    return min(settings_in(limits, phase).max for phase in (Phase.PREWARM, Phase.WAR))


def _known(when: dict[str, Any]) -> dict[str, Any]:
    wrong = [name for name in when if name not in _PHASES]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no phase; known are {', '.join(_PHASES)}")
    return when


def _check(written: ByPhase, phase: Phase) -> None:
    try:
        settings_in(written, phase)
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"when {phase.value}: {why}") from error


def _as_written(settings: PolicySettings, **rest: Any) -> dict[str, Any]:
    """Settings as they stand in YAML, without what is not written."""
    return settings.model_dump(mode="json", by_alias=True, exclude_unset=True, **rest)


def _partial(settings: type[PolicySettings]) -> type[PolicySettings]:
    """The same fields, each of which may be left out."""
    fields = {name: _optional(field) for name, field in settings.model_fields.items()}
    made = _made(f"{settings.__name__}InAPhase", (PolicySettings,), fields)
    made.__doc__ = "What holds in this phase."
    return made


def _made(
    name: str, bases: tuple[type[PolicySettings], ...], fields: dict[str, Any]
) -> type[PolicySettings]:
    return create_model(name, __base__=bases, __doc__=bases[-1].__doc__, **fields)


def _optional(field: FieldInfo) -> tuple[Any, Any]:
    kind: Any = field.annotation
    for mark in field.metadata:
        kind = Annotated[kind, mark]
    extra = field.json_schema_extra
    return kind | None, Field(None, description=field.description, json_schema_extra=extra)


def _said_by(policy: type[Policy[Any]]) -> str:
    return (policy.__doc__ or policy.name).partition("\n")[0]


if TYPE_CHECKING:
    Policies = Spec
    LimitsByPhase = LimitSettings
else:
    Policies = create_model(
        "Policies",
        __base__=Spec,
        __doc__="The settings of policies, by the name of the policy.",
        **{
            to_snake(policy.name): (
                by_phase(policy.Settings) | None,
                Field(None, alias=policy.name, description=_said_by(policy)),
            )
            for policy in CONFIGURABLE
        },
    )
    LimitsByPhase = by_phase(LimitSettings)
