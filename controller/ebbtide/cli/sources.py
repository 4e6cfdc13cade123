"""Which metrics sources a command line names: one by its address, or those of a configuration."""

import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ebbtide.api.reading.parse import understand
from ebbtide.errors import InvalidInput

if TYPE_CHECKING:
    from ebbtide.adapters.sources import MetricsSource


def only_source(url: str) -> "Mapping[str, MetricsSource]":
    """The metrics source behind `--prometheus`.

    Raises:
        InvalidInput: this is no address.

    """
    from ebbtide.adapters.sources import MetricsSource

    found = understand(MetricsSource, {"url": url})
    if isinstance(found, list):
        raise InvalidInput(f"--prometheus {url}: {found[0].why}")
    return {"default": found}


def sources_of(
    config: pathlib.Path | None, prometheus: str | None
) -> "Mapping[str, MetricsSource]":
    """The metrics sources of a configuration, or the only one.

    Raises:
        InvalidInput: neither or both are named, or one can't be understood.

    """
    from ebbtide.adapters.sources import load_sources

    if config and not prometheus:
        return load_sources(config)
    if prometheus and not config:
        return only_source(prometheus)
    raise InvalidInput("name the metrics source: either --config FILE or --prometheus URL")
