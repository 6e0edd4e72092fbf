"""Pictures from the environment's size to the policy's, with the filter that the policy declares.

Resizing goes through Pillow, whose filters are antialiased: shrinking a picture with ``bilinear``
here equals Pillow and torchvision on PIL images, not OpenCV. ``area`` is Pillow's box filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import CameraSpec

Picture = npt.NDArray[np.uint8]

FILTERS: Mapping[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class ImageConverter:
    """Centre crop and resize of one camera.

    Attributes:
        source: What the environment gives.
        target: What the policy wants.
    """

    source: CameraSpec
    target: CameraSpec

    @property
    def identity(self) -> bool:
        """Whether pictures pass untouched."""
        same = (self.source.height, self.source.width) == (self.target.height, self.target.width)
        return same and self.target.center_crop == 1.0

    def __call__(self, picture: Picture) -> Picture:
        """Return uint8 ``(H, W, 3)`` at the policy's size."""
        expected = (self.source.height, self.source.width, 3)
        if picture.shape != expected or picture.dtype != np.uint8:
            raise ValueError(f"expected uint8 {expected}, got {picture.dtype} {picture.shape}")
        if self.identity:
            return picture
        return resize(
            picture,
            height=self.target.height,
            width=self.target.width,
            resize_filter=str(self.target.resize),
            center_crop=self.target.center_crop,
            pad=self.target.pad,
        )

    def describe(self) -> str:
        """Return the conversion in words."""
        if self.identity:
            return "identity"
        crop = f"centre crop {self.target.center_crop:g}, " if self.target.center_crop < 1 else ""
        size = f"{self.target.height}x{self.target.width}"
        kept = " with padding" if self.target.pad else ""
        source = f"{self.source.height}x{self.source.width}"
        return f"{source}: {crop}{self.target.resize} to {size}{kept}"


def resize(
    picture: Picture,
    *,
    height: int,
    width: int,
    resize_filter: str,
    center_crop: float = 1.0,
    pad: bool = False,
) -> Picture:
    """Return a picture ``(H, W, 3)`` at another size.

    Args:
        picture: uint8 RGB.
        height: Of the result.
        width: Of the result.
        resize_filter: One of ``FILTERS``.
        center_crop: Share of each side kept before resizing (sub-pixel exact).
        pad: Keep the aspect ratio and fill up with black, instead of stretching.
    """
    rows, columns = picture.shape[:2]
    margin_y, margin_x = rows * (1 - center_crop) / 2, columns * (1 - center_crop) / 2
    box = (margin_x, margin_y, columns - margin_x, rows - margin_y)
    inner = _fitted(rows, columns, height, width) if pad else (height, width)
    image = Image.fromarray(picture).resize(inner[::-1], FILTERS[resize_filter], box=box)
    if inner == (height, width):
        return np.array(image)
    canvas = np.zeros((height, width, 3), dtype=np.uint8)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    canvas[top : top + inner[0], left : left + inner[1]] = np.array(image)
    return canvas


def _fitted(rows: int, columns: int, height: int, width: int) -> tuple[int, int]:
    """Return the largest size of the same aspect ratio within ``height`` x ``width``."""
    scale = min(height / rows, width / columns)
    return max(1, round(rows * scale)), max(1, round(columns * scale))


def plan(
    wanted: Mapping[str, CameraSpec], offered: Mapping[str, CameraSpec], issues: IssueList
) -> dict[str, ImageConverter]:
    """Return the converter of each camera that the policy wants; add what does not fit."""
    converters: dict[str, ImageConverter] = {}
    for role, target in wanted.items():
        source = offered.get(role)
        if source is None:
            issues.error(
                "missing_camera",
                f"The policy looks at camera {role!r}, the environment has {sorted(offered)}.",
                "use a policy for these cameras, or an environment that has this one",
            )
            continue
        converters[role] = ImageConverter(source, target)
        _check_filter(role, converters[role], issues)
    return converters


def _check_filter(role: str, converter: ImageConverter, issues: IssueList) -> None:
    known = ", ".join(sorted(FILTERS))
    chosen = converter.target.resize
    if chosen is None and not converter.identity:
        issues.error(
            "resize_filter",
            f"Camera {role!r} must be brought from {converter.source.height}x"
            f"{converter.source.width} to {converter.target.height}x{converter.target.width} "
            f"(centre crop {converter.target.center_crop:g}) and no filter is declared.",
            f"set resize of this camera in the policy's spec to one of: {known}",
        )
    if chosen is not None and chosen not in FILTERS:
        issues.error(
            "resize_filter",
            f"Camera {role!r} declares the unknown resize filter {chosen!r}.",
            f"use one of: {known}",
        )
