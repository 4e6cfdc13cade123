"""What the status says of settings that keep an objective: those suggested, and those in force."""

from typing import Annotated

from pydantic import Field

from ebbtide.api.status.parts import Moment, Part


class OwnSettings(Part):
    """The settings of one policy that an objective decides, as they stand in YAML."""

    headroom: str | None = Field(None, description="Spare share on top of the need.")
    tolerance: str | None = Field(None, description="Share of replicas that is near enough.")
    width: float | None = Field(None, description="Usual surges on top of presentNeed.")
    width_window: str | None = Field(None, description="Time over which those are measured.")
    slope_window: str | None = Field(None, description="Time over which a trend is measured.")
    window: str | None = Field(None, description="Time that stabilization remembers a need.")
    quantile: float | None = Field(None, description="Quantile of the forecast to carry.")
    trust: str | None = Field(None, description="Share of what two days asked for.")
    share: str | None = Field(None, description="Share of the fleet that rate adds in one period.")


SettingsStatus = Annotated[
    dict[str, OwnSettings],
    Field(description="Settings of policies as they stand in YAML, by the policy's name."),
]


class AppliedStatus(Part):
    """The settings that `tuning: Apply` has put in the place of the prior's."""

    objective: float = Field(description="Unserved share that they keep.")
    settings: SettingsStatus
    since: Moment = Field(description="Since when they are in force.")
    before: SettingsStatus | None = Field(
        None, description="The settings before them, while the stricter of both are in force."
    )
    plant: str | None = Field(
        None, description="Fingerprint of the demand, capacity and limits that they are for."
    )
    held_until: Moment | None = Field(None, description="Until when that is so.")


class AttemptStatus(Part):
    """A replay of the past of which nothing has come so far."""

    at: Moment = Field(description="When it was put on record: before it is begun, or as failed.")
    times: int = Field(description="How many in a row there were.")
    failed: bool = Field(
        description="Whether it is known to have failed; else it goes on, or was cut off."
    )


class TuningStatus(Part):
    """The settings that a workload's own past speaks for, and what they are based on."""

    objective: float = Field(description="Unserved share that was aimed at.")
    plant: str | None = Field(
        None,
        description="Fingerprint of the demand, capacity and limits that they were chosen for: "
        "where an edit changes them, a new choice is made at once.",
    )
    settings: SettingsStatus
    since: Moment = Field(description="Since when these very settings are suggested.")
    message: str = Field("", description="Why, as a sentence.")
    minutes: int = Field(description="Known minutes of the past that they were chosen by.")
    unserved: float | None = Field(
        None, description="Share of those minutes' demand that they left unserved in a replay."
    )
    cost: float | None = Field(
        None, description="Replica-hours of that replay over those of the settings in force."
    )
    reckoned_at: Moment = Field(description="The newest minute that they were chosen by.")
    waiting: bool | None = Field(
        None, description="With tuning: Suggest, whether they wait for somebody to take them over."
    )
    applied: AppliedStatus | None = Field(
        None,
        description="With tuning: Apply, what is in force; nothing: the settings of the prior.",
    )
