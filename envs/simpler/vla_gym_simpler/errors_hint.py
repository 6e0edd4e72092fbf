"""Messages about keywords that belong to other tasks."""

from __future__ import annotations

from vla_gym.errors import OptionError


def only_for(keyword: str, value: object, where: str, task: str) -> None:
    """Refuse a keyword that a task does not have.

    Raises:
        OptionError: When ``value`` is given.
    """
    if value is not None:
        raise OptionError(
            f"{keyword}={value!r}: only {where} has it, this is {task}. Leave it out."
        )
