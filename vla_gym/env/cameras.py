"""The keyword arguments ``cameras`` and ``camera_sizes`` that every environment here takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vla_gym.errors import OptionError, UnknownNameError


def resolve_camera_sizes(
    official: Mapping[str, tuple[int, int]],
    cameras: Sequence[str],
    sizes: Mapping[str, Sequence[int]] | None = None,
    *,
    least: int = 1,
) -> dict[str, tuple[int, int]]:
    """Return (height, width) in pixels by role of the cameras asked for.

    Args:
        official: Those that there are, and their usual sizes.
        cameras: Those asked for.
        sizes: Where they differ from the usual ones.
        least: Pixels of a side that the renderer needs.

    Raises:
        OptionError: For something that is no list of roles or no size.
        UnknownNameError: For a camera that is not there.
    """
    if isinstance(cameras, str):
        raise OptionError(f"cameras={cameras!r}: expected a list of roles, such as ['{cameras}'].")
    wanted = {**official, **(sizes or {})}
    for role in (*cameras, *wanted):
        if role not in official:
            raise UnknownNameError("camera", role, official)
    for role, size in wanted.items():
        if len(size) != 2 or any(int(side) != side or side < least for side in size):
            raise OptionError(
                f"camera_sizes[{role!r}]={size}: expected (height, width), at least "
                f"{least} x {least}."
            )
    return {role: (int(wanted[role][0]), int(wanted[role][1])) for role in cameras}
