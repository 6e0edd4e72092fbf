"""Small demonstrations made up for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_gym.contract.spec import (
    ActionSpec,
    CameraSpec,
    Frame,
    GripperSpec,
    Mode,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)
from vla_gym.datasets import DatasetSpec, Demonstration

SPEC = DatasetSpec(
    cameras={"static": CameraSpec(height=32, width=48), "wrist": CameraSpec(height=24, width=24)},
    proprioception=(ProprioceptionField(name="ee_position", size=3, unit="m", frame=Frame.WORLD),),
    action=ActionSpec(
        parts=(
            TranslationSpec(
                mode=Mode.DELTA,
                frame=Frame.WORLD,
                meters_per_unit=0.02,
                reference=Reference.COMMANDED,
            ),
            RotationSpec(
                representation=Rotation.EULER_XYZ,
                mode=Mode.DELTA,
                frame=Frame.WORLD,
                radians_per_unit=0.05,
                reference=Reference.COMMANDED,
            ),
            GripperSpec(open=1.0, closed=-1.0, mode=Mode.ABSOLUTE, binary=True),
        ),
        control_hz=30.0,
    ),
    fps=30.0,
    base_aligned_with_world=True,
)


def pictures(length: int, height: int, width: int, seed: int) -> np.ndarray:
    """Return smooth pictures that move, as a camera's do."""
    y, x = np.mgrid[:height, :width]
    phase = seed + np.arange(length)[:, None, None, None] / 5
    waves = [np.sin(phase[..., 0] + (c + 1) * x / width + (3 - c) * y / height) for c in range(3)]
    return (127.5 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


def demonstration(number: int, length: int = 7, **changes: object) -> Demonstration:
    """Return an episode that differs from others."""
    rng = np.random.default_rng(number)
    made = {
        "images": {
            role: pictures(length, camera.height, camera.width, number)
            for role, camera in SPEC.cameras.items()
        },
        "proprioception": rng.normal(size=(length, 3)).astype(np.float32),
        "actions": rng.uniform(-1, 1, (length, 7)).astype(np.float32),
        "instruction": f"do thing {number % 2}",
        "task": f"thing_{number % 2}",
        "success": True,
        "source": {"seed": number},
    }
    return Demonstration(**{**made, **changes})  # type: ignore[arg-type]


class InMemory:
    """Episodes in a list."""

    def __init__(self, episodes: Sequence[Demonstration]) -> None:
        self.episodes, self.spec, self.read = list(episodes), SPEC, 0

    @property
    def lengths(self) -> list[int]:
        """Frames of every episode."""
        return [len(episode) for episode in self.episodes]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return an episode."""
        self.read += 1
        return self.episodes[index]
