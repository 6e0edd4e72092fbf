"""Whether something is a policy; its own code is asked, and may do anything."""

from __future__ import annotations

from typing import Any

from vla_gym.contract.spec import PolicySpec
from vla_gym.error_text import summary
from vla_gym.errors import PolicyError


def policy_spec(policy: Any, name: str) -> PolicySpec:
    """Return the spec of a policy.

    Args:
        policy: What should be one.
        name: As messages call it.

    Raises:
        PolicyError: When it is no policy, or raises.
    """
    try:
        lacking = [
            member for member in ("reset", "act") if not callable(getattr(policy, member, None))
        ]
        spec: Any = None if lacking else policy.spec
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PolicyError(
            f"Policy {name!r} raised when asked for its spec: {summary(error)}"
        ) from error
    if lacking:
        raise PolicyError(f"Policy {name!r} is {policy!r}, which lacks {' and '.join(lacking)}.")
    if not isinstance(spec, PolicySpec):
        raise PolicyError(f"Policy {name!r} has the spec {spec!r}, expected a PolicySpec.")
    return spec


def policy_fingerprint(policy: Any, name: str) -> str:
    """Return the fingerprint of a policy, empty if it has none.

    Raises:
        PolicyError: When asking raises, or it is no text.
    """
    try:
        found: Any = getattr(policy, "fingerprint", "")
    except (Exception, SystemExit) as error:
        raise PolicyError(
            f"Policy {name!r} raised when asked for its fingerprint: {summary(error)}"
        ) from error
    if not isinstance(found, str):
        raise PolicyError(
            f"Policy {name!r} has the fingerprint {found!r}, expected a text (a digest)."
        )
    return found
