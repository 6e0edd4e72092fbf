"""What is not installed, though we know its name: which command would bring it.

The names are those of the optional dependencies in our own metadata, so that nothing here has to be
kept in step with the packages that exist.
"""

from __future__ import annotations

import importlib.metadata
import re
from functools import lru_cache

DISTRIBUTION = "vla-gym"
_PACKAGE = re.compile(rf"^({DISTRIBUTION}-[\w-]+).*extra == ['\"]([\w-]+)['\"]")


@lru_cache(maxsize=1)
def packages() -> dict[str, str]:
    """Return our packages that are optional, by the extra that brings each alone."""
    try:
        lines = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    found = [match.groups() for line in lines if (match := _PACKAGE.match(line))]
    return {extra: package for package, extra in found if package == f"{DISTRIBUTION}-{extra}"}


def install_hint(name: str) -> str:
    """Return what to install for a name that is not registered, empty if nothing is known.

    Args:
        name: Such as ``mine/small``: its first word is that of the package.
    """
    word = re.split(r"[^a-z0-9]", name.lower(), maxsplit=1)[0]
    for extra, package in packages().items():
        if word.startswith(extra) and not _installed(package):
            command = f"pip install '{DISTRIBUTION}[{extra}]'"
            return f"It may be in a package that is not installed: {command}."
    return ""


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
