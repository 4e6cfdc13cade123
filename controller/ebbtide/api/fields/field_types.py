"""Types of single fields that several resources have, and what a selector selects."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from ebbtide_policies.quantities import Count

Name = Annotated[str, Field(min_length=1, max_length=253)]
"""The name of something, never empty."""

PromQL = Annotated[str, Field(min_length=1, max_length=8192)]
"""A PromQL expression whose answer is one series."""

Labels = Annotated[dict[str, str], Field(max_length=32)]
"""Labels that have to be there with these values; none: everything."""

Amount = Annotated[Count, Field(gt=0)]
"""A count above zero."""


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels have everything that a selector asks for; an empty one asks for nothing."""
    return all(labels.get(key) == value for key, value in selector.items())
