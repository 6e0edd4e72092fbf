"""Pictures: filters, crops, padding, and untouched where sizes are equal."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from vla_gym.contract import CameraSpec
from vla_gym.contract.images import FILTERS, ImageConverter, resize


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def test_an_equal_size_returns_the_very_array(picture: np.ndarray) -> None:
    converter = ImageConverter(CameraSpec(height=20, width=30), CameraSpec(height=20, width=30))
    assert converter.identity
    assert converter(picture) is picture


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_resizing_is_pillows(name: str, picture: np.ndarray) -> None:
    resized = resize(picture, height=10, width=12, resize_filter=name)
    expected = np.asarray(Image.fromarray(picture).resize((12, 10), FILTERS[name]))
    np.testing.assert_array_equal(resized, expected)


def test_area_averages_blocks() -> None:
    blocks = np.zeros((4, 4, 3), np.uint8)
    blocks[:2, :2] = 100
    blocks[0, 0] = 200
    small = resize(blocks, height=2, width=2, resize_filter="area")
    assert small[0, 0, 0] == 125
    assert small[1, 1, 0] == 0


def test_a_centre_crop_keeps_the_middle() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[2:6, 2:6] = 255
    cropped = resize(picture, height=4, width=4, resize_filter="nearest", center_crop=0.5)
    assert (cropped == 255).all()


def test_padding_keeps_the_aspect_ratio() -> None:
    picture = np.full((10, 20, 3), 255, np.uint8)
    padded = resize(picture, height=8, width=8, resize_filter="bilinear", pad=True)
    assert padded.shape == (8, 8, 3)
    assert (padded[:2] == 0).all()
    assert (padded[2:6] == 255).all()
    assert (padded[6:] == 0).all()


def test_the_callers_picture_is_left_alone(picture: np.ndarray) -> None:
    kept = picture.copy()
    resize(picture, height=5, width=5, resize_filter="lanczos", center_crop=0.9)
    np.testing.assert_array_equal(picture, kept)


def test_another_size_than_declared_is_refused(picture: np.ndarray) -> None:
    converter = ImageConverter(CameraSpec(height=9, width=9), CameraSpec(height=9, width=9))
    with pytest.raises(ValueError, match=r"\(9, 9, 3\).*\(20, 30, 3\)"):
        converter(picture)
