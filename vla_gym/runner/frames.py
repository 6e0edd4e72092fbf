"""One block of shared memory a worker, holding the pictures of its present observation.

The memory has no name (a memfd, or an unlinked file where there is none): it is handed to the
worker as an open descriptor, so that nothing is left behind however the processes end. One
picture a camera is enough, because a worker waits for the answer before it writes again.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from vla_gym.contract.spec import CameraSpec

Images = Mapping[str, npt.NDArray[np.uint8]]


class FrameBlock:
    """Pictures of a policy's cameras, at the policy's sizes, in shared memory.

    Attributes:
        images: By camera role, uint8 ``(H, W, 3)``, views of the memory.
        fd: Its file descriptor.
    """

    def __init__(self, cameras: Mapping[str, CameraSpec], fd: int | None = None) -> None:
        """Create a block, or attach to the one behind ``fd``."""
        self.fd = anonymous_file("vla_gym-frames") if fd is None else fd
        shapes = {name: (cam.height, cam.width, 3) for name, cam in sorted(cameras.items())}
        size = max(1, sum(h * w * c for h, w, c in shapes.values()))
        if fd is None:
            os.ftruncate(self.fd, size)
        memory = mmap.mmap(self.fd, size)
        self.images: dict[str, npt.NDArray[np.uint8]] = {}
        start = 0
        for name, shape in shapes.items():
            count = shape[0] * shape[1] * shape[2]
            flat = np.frombuffer(memory, np.uint8, count, start)
            self.images[name] = flat.reshape(shape)
            start += count

    def write(self, images: Images) -> None:
        """Copy pictures in; they must be exactly the declared cameras and sizes."""
        for name, view in self.images.items():
            picture = images[name]
            if picture.shape != view.shape or picture.dtype != np.uint8:
                raise ValueError(
                    f"camera {name!r}: expected uint8 {view.shape}, "
                    f"got {picture.dtype} {picture.shape}"
                )
            view[...] = picture

    def close(self) -> None:
        """Close the descriptor; the memory goes when the last view does."""
        self.images = {}
        with contextlib.suppress(OSError):
            os.close(self.fd)


def anonymous_file(name: str) -> int:
    """Return the descriptor of a file in memory that has no path."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
