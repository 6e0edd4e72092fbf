"""``--set key=value``: options of policy and suite from the command line.

``policy.x``, ``suite.x`` and ``run.x`` say whose option it is (a run's are the fields of
``RunOptions``); a bare ``x`` is the policy's if it takes it,
else the suite's. Values are YAML (``3``, ``true``, ``[1, 2]``, ``text``); dots in what remains of
a name make nested mappings (``model.layers=4``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from vla_gym.errors import OptionError, suggest
from vla_gym.yaml_file import yaml_value

POLICY, SUITE, RUN = "policy", "suite", "run"
_LONGEST = 80


@dataclass(frozen=True)
class Options:
    """Options of a policy, of a suite, and of how they are run."""

    policy: dict[str, Any] = field(default_factory=dict)
    suite: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)


def parse_options(
    texts: Iterable[str], *, policy: str | None = None, suite: str | None = None
) -> Options:
    """Return the options of each.

    Args:
        texts: As given, ``key=value``.
        policy: Name of the policy, if there is one; only with one is there a run.
        suite: Name or path of the suite, if there is one.

    Raises:
        OptionError: A text that is not ``key=value``, or an option that neither takes.
        UnknownNameError: When policy or suite do not exist.
    """
    options = Options()
    for text in texts:
        key, value = split(text)
        whose, name = _owner(key, policy, suite)
        _put(getattr(options, whose), name, value)
    return options


def nested(texts: Iterable[str]) -> dict[str, Any]:
    """Return ``key=value`` texts as one nested mapping that belongs to nobody in particular."""
    result: dict[str, Any] = {}
    for text in texts:
        _put(result, *split(text))
    return result


def split(text: str) -> tuple[str, Any]:
    """Return key and parsed value of ``key=value``."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise OptionError(f"--set {_cut(text)}: expected key=value, such as --set seed=3.")
    try:
        return key.strip(), yaml_value(value)
    except ValueError as error:
        raise OptionError(
            f"--set {_cut(text)}: {_cut(value)} is not a YAML value; put text in quotes ({error})."
        ) from error


def _cut(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _owner(key: str, policy: str | None, suite: str | None) -> tuple[str, str]:
    """Return whose option a key is, and its name there."""
    whose, _, rest = key.partition(".")
    if rest and whose in ((POLICY, SUITE) if policy is None else (POLICY, SUITE, RUN)):
        return whose, rest
    options = {POLICY: _names(POLICY, policy), SUITE: _names(SUITE, suite)}
    for owner, names in options.items():
        if whose in names:
            return owner, key
    takers = " or ".join(
        filter(None, [policy and f"policy {policy!r}", suite and f"suite {suite!r}"])
    )
    known = [name for names in options.values() for name in names]
    hint = suggest(key, known) if known else "Neither has any option."
    raise OptionError(f"--set {key[:_LONGEST]}: no option of {takers}. {hint}")


def _names(whose: str, name: str | None) -> list[str]:
    """Return the options of a policy or a suite."""
    from vla_gym.policies.ref import policy_options
    from vla_gym.suites import suite_options

    if name is None:
        return []
    model = policy_options(name) if whose == POLICY else suite_options(name)
    return list(model.model_fields)


def _put(target: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        target = target.setdefault(parent, {})
        if not isinstance(target, dict):
            raise OptionError(f"--set {name}: {parent!r} was given a value already.")
    target[last] = value
