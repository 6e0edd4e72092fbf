"""What the numbers of the data sets mean that these models are trained on."""

from __future__ import annotations

from pathlib import Path

SPECS = Path(__file__).parent / "specs"


def bridge() -> Path:
    """Return the spec of Bridge, in Open X-Embodiment's version."""
    return SPECS / "bridge.yaml"


def fractal() -> Path:
    """Return the spec of RT-1's data, in Open X-Embodiment's version."""
    return SPECS / "fractal.yaml"


def libero() -> Path:
    """Return the spec of LIBERO as LeRobot folders."""
    return SPECS / "libero.yaml"
