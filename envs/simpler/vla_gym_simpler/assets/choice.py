"""Official where the files of a task are there, else built-in."""

from __future__ import annotations

from vla_gym.errors import OptionError
from vla_gym_simpler.assets.model import AssetSet

KINDS = ("auto", "official", "builtin")


def resolve_kind(kind: str, robot: str) -> str:
    """Return what ``"auto"`` stands for on this machine.

    Args:
        kind: One of ``KINDS``.
        robot: ``"widowx"`` or ``"google_robot"``.
    """
    if kind not in KINDS:
        raise OptionError(f"assets={kind!r}: expected one of {', '.join(KINDS)}.")
    if kind != "auto":
        return kind
    from vla_gym_simpler.assets.official import robot_files_are_there

    return "official" if robot_files_are_there(robot) else "builtin"


def asset_set(kind: str, robot: str) -> AssetSet:
    """Return a set of assets (``kind`` as in ``resolve_kind``).

    Raises:
        AssetError: When ``"official"`` files are not there.
    """
    if resolve_kind(kind, robot) == "official":
        from vla_gym_simpler.assets.official import OfficialAssets

        return OfficialAssets(robot)
    from vla_gym_simpler.assets.builtin import BuiltinAssets

    return BuiltinAssets()
