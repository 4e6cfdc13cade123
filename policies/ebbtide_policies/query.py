"""`query`: a floor or a ceiling from any PromQL, such as a standby for another region."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import whole, within
from ebbtide_policies.observation import Observation
from ebbtide_policies.quantities import Count


class Use(StrEnum):
    """What the answer of a query is."""

    FLOOR = "Floor"
    CEILING = "Ceiling"


class Question(PolicySettings):
    """One PromQL expression, and what its answer means."""

    query: str = Field(min_length=1, description="PromQL with one series as its answer.")
    use: Use = Field(Use.FLOOR, description="Whether the answer is a floor or a soft ceiling.")
    per_replica: Count = Field(
        1.0, gt=0, description="The answer is divided by this; 1 when it counts replicas."
    )


class QuerySettings(PolicySettings):
    """The questions, by name."""

    questions: dict[str, Question] = Field({}, description="Queries, by a name of your own.")


class Query(Policy[QuerySettings]):
    """Asks Prometheus for bounds. An answer that is missing lets nothing go."""

    name = "query"
    Settings = QuerySettings

    def queries(self) -> Mapping[str, str]:
        """The PromQL of every question."""
        return {key: question.query for key, question in self.settings.questions.items()}

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One bound a question."""
        for key, question in self.settings.questions.items():
            answer = seen.answer(self.name, key) / question.per_replica
            said = (key, answer)
            detail = "{}: the query asks for {:.1f} replicas"
            if question.use is Use.FLOOR:
                yield Bound(Kind.FLOOR, whole(answer), self.name, "QueryFloor", detail, said)
                continue
            ceiling = within(answer)
            yield Bound(Kind.SOFT_CEILING, ceiling, self.name, "QueryCeiling", detail, said)
