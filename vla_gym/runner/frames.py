"""One block of shared memory per worker, holding the pictures of its present observation.

The memory has no name (a memfd, or an unlinked file where there is none): it is handed to the
worker as an open descriptor, so that nothing is left behind however the processes end. One
picture a camera is enough, because a worker waits for the answer before it writes again.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from vla_gym.contract.spec import CameraSpec

Images = Mapping[str, npt.NDArray[np.uint8]]


class FrameBlock:
    """Pictures of a policy's cameras, at the policy's sizes, in shared memory.

    A suite of several environments may have several policies; one acts at a time, so their
    pictures lie in the same place.

    Args:
        policies: The cameras of each, by role.
        fd: Attach to the block behind this descriptor instead of making one.

    Attributes:
        images: Of each policy, by camera role, uint8 ``(H, W, 3)``, views of the memory.
        fd: Its file descriptor.
    """

    def __init__(self, policies: Sequence[Mapping[str, CameraSpec]], fd: int | None = None) -> None:
        self.fd = anonymous_file("vla_gym-frames") if fd is None else fd
        sizes = (sum(c.height * c.width * 3 for c in cameras.values()) for cameras in policies)
        size = max([1, *sizes])
        if fd is None:
            os.ftruncate(self.fd, size)
        memory = mmap.mmap(self.fd, size)
        self.images = [_views(memory, cameras) for cameras in policies]

    def write(self, images: Images, policy: int = 0) -> None:
        """Copy pictures in; they must be exactly the cameras and sizes that the policy declared."""
        for name, view in self.images[policy].items():
            picture = images[name]
            if picture.shape != view.shape or picture.dtype != np.uint8:
                raise ValueError(
                    f"camera {name!r}: expected uint8 {view.shape}, "
                    f"got {picture.dtype} {picture.shape}"
                )
            view[...] = picture

    def close(self) -> None:
        """Close the descriptor; the memory goes when the last view does."""
        self.images = []
        with contextlib.suppress(OSError):
            os.close(self.fd)


def _views(
    memory: mmap.mmap, cameras: Mapping[str, CameraSpec]
) -> dict[str, npt.NDArray[np.uint8]]:
    """Return where the pictures of cameras lie, one behind the other."""
    views, start = {}, 0
    for name, camera in sorted(cameras.items()):
        shape = (camera.height, camera.width, 3)
        count = camera.height * camera.width * 3
        views[name] = np.frombuffer(memory, np.uint8, count, start).reshape(shape)
        start += count
    return views


def anonymous_file(name: str) -> int:
    """Return the descriptor of a file in memory that has no path."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
