"""Graphics libraries survive no fork: whoever draws asks here before the first picture.

OpenGL and Vulkan keep threads and locks. A child that is forked from a process that has drawn
inherits the locks without the threads that would open them, and its own first picture hangs for
ever; what should be an error is made one.
"""

from __future__ import annotations

import os

from vla_gym.errors import RendererError

_drawn_by: dict[str, int] = {}
"""The process that first used a library, by its name; a forked child inherits the entry."""


def claim(library: str) -> None:
    """Say that this process is about to draw.

    Args:
        library: Such as ``"OpenGL"``.

    Raises:
        RendererError: In the forked child of a process that has drawn with it.
    """
    first = _drawn_by.setdefault(library, os.getpid())
    if first != os.getpid():
        raise RendererError(
            f"Process {first} has drawn with {library}; a picture in its forked child "
            f"{os.getpid()} would hang for ever. Start workers before the first picture, or with "
            '"spawn" (in make_vec: vector_kwargs={"context": "spawn"}).'
        )
