"""Every error a user can meet, in one place, so that a message is part of the interface.

Messages name the value, what was expected and the fix; ``suggest`` adds near matches to an
unknown name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import Enum
from typing import ClassVar


class Scope(str, Enum):
    """How far an error reaches: what cannot go on because of it."""

    REQUEST = "request"
    """One call of the policy."""
    EPISODE = "episode"
    """One episode; the others are not touched."""
    RUN = "run"
    """Everything: no other episode could do better."""


class VlaGymError(Exception):
    """Base of all errors raised by vla_gym; the CLI prints them without a traceback.

    Attributes:
        scope: What stops because of it.
        retry: Whether trying the same again can help.
    """

    scope: ClassVar[Scope] = Scope.RUN
    retry: ClassVar[bool] = False


class UnknownNameError(VlaGymError, LookupError):
    """A name that nothing is registered under."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        super().__init__(f"Unknown {kind} {name!r}. {hint or suggest(name, known)}")


class OptionError(VlaGymError, ValueError):
    """An option whose name or value is not acceptable."""


class SuiteError(VlaGymError, ValueError):
    """A suite or suite file that does not describe valid episodes."""


class PluginError(VlaGymError):
    """A plugin that registers something malformed."""


class MissingDependencyError(VlaGymError, ImportError):
    """An optional dependency is absent; the message holds the pip command."""


class PolicyError(VlaGymError):
    """A policy that cannot be used, or that did nothing but fail."""


class PolicyCallError(PolicyError):
    """A call of a policy raised, or returned something that is not a batch of action chunks."""

    scope = Scope.EPISODE


class RequestError(VlaGymError):
    """One call of a policy that may be made again, for example because a remote policy was busy.

    A policy that raises it promises that nothing it remembers has changed.
    """

    scope = Scope.REQUEST
    retry = True


class ActionError(VlaGymError, ValueError):
    """An action that the environment cannot execute (shape, NaN, infinity)."""

    scope = Scope.EPISODE


class ObservationError(VlaGymError, ValueError):
    """An observation, or what comes with it, that does not match the environment's own spec."""

    scope = Scope.EPISODE


class RendererError(VlaGymError, RuntimeError):
    """A renderer that cannot be started or used here; the message holds the fix."""


class AssetError(VlaGymError, FileNotFoundError):
    """Asset files that are missing or differ from their manifest."""

    def __str__(self) -> str:
        """Return the message alone (``FileNotFoundError`` would print an errno)."""
        return str(self.args[0]) if self.args else ""


class DatasetError(VlaGymError, ValueError):
    """Demonstrations that are not what their format or their spec says."""


class SpecMissingError(DatasetError):
    """Demonstrations whose numbers nobody has explained: a ``DatasetSpec`` has to be given."""


class TrainingError(VlaGymError, RuntimeError):
    """A training that cannot begin or go on."""


class JournalError(VlaGymError, RuntimeError):
    """The journal cannot be read or written; what it already holds is safe."""


class ProtocolMismatchError(VlaGymError, ValueError):
    """A run directory holds results of another protocol."""


class RunnerError(VlaGymError, RuntimeError):
    """The runner cannot go on (for example: no worker could be started)."""


def reach(error: BaseException) -> tuple[Scope, bool]:
    """Return what an error stops, and whether trying again can help.

    Whatever is not ours comes from an environment: its episode can be tried again.
    """
    if isinstance(error, VlaGymError):
        return error.scope, error.retry
    return Scope.EPISODE, True


def suggest(name: str, known: Iterable[str], *, limit: int = 12) -> str:
    """Return a sentence with the names nearest to ``name``, or the first few known ones."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {', '.join(near)}?"
    if not names:
        return "Nothing is registered: is the plugin that brings it installed?"
    more = f", ... ({len(names)} in all)" if len(names) > limit else ""
    return f"Known: {', '.join(names[:limit])}{more}."
