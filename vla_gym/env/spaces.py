"""What environments have in common: their observation space, and how they refuse actions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from vla_gym.contract.spec import EnvContract
from vla_gym.env.instruction import Instruction
from vla_gym.errors import ActionError


def observation_space(contract: EnvContract) -> spaces.Dict:
    """Return the space of ``proprioception``, ``instruction`` and, where there are any, ``images``.

    Gymnasium forbids empty ``Dict`` spaces, so without cameras there are no images at all.
    """
    shape = (contract.proprioception_size,)
    space: dict[str, spaces.Space[Any]] = {
        "proprioception": spaces.Box(-np.inf, np.inf, shape, np.float32),
        "instruction": Instruction(),
    }
    if contract.cameras:
        space["images"] = spaces.Dict(
            {
                role: spaces.Box(0, 255, (camera.height, camera.width, 3), np.uint8)
                for role, camera in contract.cameras.items()
            }
        )
    return spaces.Dict(space)


def checked_actions(
    actions: npt.ArrayLike, *, size: int, ndim: int
) -> npt.NDArray[np.floating[Any]]:
    """Return actions as a new array; floats keep their precision, other numbers become float64.

    Args:
        actions: One action, or several.
        size: Numbers of an action.
        ndim: 1 for one action ``(size,)``, 2 for at least one ``(n, size)``.

    Raises:
        ActionError: For another shape, no numbers, NaN or infinity.
    """
    expected = f"({size},)" if ndim == 1 else f"(n, {size}) with n >= 1"
    try:
        array = np.array(actions)
    except ValueError as error:
        raise ActionError(f"The action is not an array: {error}. Expected {expected}.") from error
    if array.ndim != ndim or array.shape[-1:] != (size,) or array.size == 0:
        raise ActionError(f"The action has shape {array.shape}, expected {expected}.")
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise ActionError(f"The action has dtype {array.dtype}, expected floating point numbers.")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ActionError(f"action{list(where)} is {array[where]}, expected finite numbers.")
    return array
