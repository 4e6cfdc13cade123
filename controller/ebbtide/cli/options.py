"""Groups of options: a frozen dataclass, a field an option, that several commands may share."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take groups of options, each as one argument.

    typer reads the signature: in the place of each group it finds the options of the group.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters = [
        each
        for name, parameter in inspect.signature(command).parameters.items()
        for each in (
            _options(groups[name])
            if name in groups
            else [parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY)]
        )
    ]

    @wraps(command)
    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{one.name: given.pop(one.name) for one in fields(group)})
        command(**given)

    vars(run)["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _options(group: Any) -> Iterator[inspect.Parameter]:
    """The options of a group: its own, then those of the group that it extends."""
    hints, own = get_type_hints(group, include_extras=True), inspect.get_annotations(group)
    for one in sorted(fields(group), key=lambda field: field.name not in own):
        yield inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if one.default is MISSING else one.default,
            annotation=hints[one.name],
        )
