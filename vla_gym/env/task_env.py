"""An environment in one file: all that environments have in common is here.

Life cycle, chains of sub-tasks, chunks of actions, checks of actions and reset options, seeds,
``info`` and the end of an episode are ``TaskEnv``'s. An environment writes how it is built, how an
episode begins, what one control step does and whether it achieved the sub-task, what the robot
feels, and how pictures are taken; see ``plugins/template-env`` for a whole one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, NoReturn

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from vla_gym.contract.env import Info, Observation, StepResult
from vla_gym.contract.spec import EnvContract
from vla_gym.env.chain import Chain, SubTask
from vla_gym.env.spaces import checked_actions, observation_space
from vla_gym.errors import OptionError, UnknownNameError

Actions = npt.NDArray[np.floating[Any]]
Picture = npt.NDArray[np.uint8]


class Verdict(NamedTuple):
    """What a control step did to the sub-task.

    Attributes:
        success: It is achieved now.
        moves_on: The environment leaves it behind and goes on to the next one.
    """

    success: bool
    moves_on: bool = False


class TaskEnv(gymnasium.Env[Observation, Actions]):
    """What an environment inherits from; the methods that raise NotImplementedError are its own.

    A step counts as the environment's last when ``_out_of_time`` says so: by default after
    ``max_steps`` control steps (``elapsed``). The episode terminates when all sub-tasks are left
    behind.

    Args:
        contract: Cameras, proprioception and action.
        tasks: Names of the sub-tasks that it can work on.
        action_space: What is sensible; actions are only refused for their shape or for NaN.
        max_steps: Control steps until truncation; ``None`` for no limit.
        subtasks: What a ``reset`` without ``subtasks`` asks for, such as that of a vector
            environment between two episodes.
        render_mode: ``None`` or ``"rgb_array"`` (the first of ``roles``).

    Attributes:
        roles: Cameras that ``render_cameras`` knows; by default those of the contract.
        elapsed: Control steps that count against ``max_steps``.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    reset_options: ClassVar[tuple[str, ...]] = ()
    """Options of ``reset`` besides ``subtasks``."""

    def __init__(
        self,
        contract: EnvContract,
        tasks: Sequence[str],
        *,
        action_space: spaces.Space[Any],
        max_steps: int | None = None,
        subtasks: Sequence[str] = (),
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UnknownNameError("render_mode", str(render_mode), self.metadata["render_modes"])
        if max_steps is not None and max_steps < 1:
            raise OptionError(f"max_steps={max_steps}: expected at least 1.")
        self._contract, self.tasks, self._max_steps = contract, tuple(tasks), max_steps
        self._usual = _names(subtasks)
        for name in self._usual:
            self._known(name)
        self.roles = tuple(contract.cameras)
        self.render_mode = render_mode
        self.action_space = action_space
        self.observation_space = observation_space(contract)
        self.elapsed = 0
        self._chain: Chain | None = None
        self._closed = False

    # --- What an environment writes ------------------------------------------------------------

    @abstractmethod
    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Begin an episode; return what ``info`` of ``reset`` holds besides.

        ``self.np_random`` is seeded; ``episode_seed(seed)`` is a number for the whole episode.
        """
        raise NotImplementedError

    @abstractmethod
    def _step(self, action: npt.NDArray[Any]) -> Verdict:
        """Do one control step with an action ``(n,)`` and judge it; ``elapsed`` counts it."""
        raise NotImplementedError

    @abstractmethod
    def _proprioception(self) -> npt.NDArray[np.float32]:
        """Return the contract's proprioception; called after ``_details``."""
        raise NotImplementedError

    @abstractmethod
    def _pictures(self, roles: Sequence[str]) -> dict[str, Picture]:
        """Return pictures of the present state, uint8 ``(height, width, 3)``, by role."""
        raise NotImplementedError

    @abstractmethod
    def describe(self) -> Mapping[str, Any]:
        """Return what a result should record: engine versions, assets, renderer."""
        raise NotImplementedError

    # --- What it may write besides -------------------------------------------------------------

    def _details(self) -> Mapping[str, Any]:
        """Return what ``info`` holds besides its own keys, such as ``metrics``."""
        return {}

    def _instruction(self) -> str:
        """Return what the policy is told now; by default what the chain says, or the name."""
        current = self._begun().current
        return (current.instruction or current.name.replace("_", " ")) if current else ""

    def _subtasks(self, names: Sequence[str], options: Mapping[str, Any]) -> list[SubTask]:
        """Return the chain for the names in ``options["subtasks"]``."""
        del options
        return [self._subtask(name) for name in names]

    def _subtask(self, name: str, instruction: str | None = None) -> SubTask:
        """Return one sub-task, checked."""
        self._known(name)
        return SubTask(name, instruction or "")

    def _subtask_begins(self) -> None:
        """Take note that from now on another sub-task is worked on; ``task`` names it."""

    def _out_of_time(self) -> bool:
        """Whether the step just done is the last."""
        return self._max_steps is not None and self.elapsed >= self._max_steps

    def _prepared(self, actions: Actions) -> Actions:
        """Return checked actions ``(n, size)``, a copy, as ``_step`` wants them."""
        return actions.astype(np.float64)

    def _visuals(self) -> Mapping[str, Any]:
        """Return the part of the observation that needs a picture."""
        return {"images": self._pictures(tuple(self._contract.cameras))}

    def _free(self) -> None:
        """Free what the environment holds; called once."""

    # --- Gymnasium -----------------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; ``options`` are ``subtasks`` and ``reset_options``."""
        super().reset(seed=seed)
        self._check_open()
        given = dict(options or {})
        for name in given:
            if name not in (known := (*self.reset_options, "subtasks")):
                raise UnknownNameError("reset option", str(name), known)
        names = _names(given["subtasks"] or ()) if "subtasks" in given else self._usual
        chain = Chain(self._subtasks(names, given))
        details = self._begin(seed, given)
        self._chain, self.elapsed = chain, 0
        self._subtask_begins()
        info = {**self._info(success=False, steps=0), **details}
        return self._observation(observe=True), info

    def step(self, action: npt.ArrayLike) -> StepResult:
        """Execute one action ``(n,)``."""
        return self._run(self._checked(action, ndim=1)[None], observe=True)

    def render(self) -> Picture | None:
        """Return the first camera's picture if ``render_mode`` is ``"rgb_array"``."""
        role = self.roles[0]
        return self.render_cameras((role,))[role] if self.render_mode else None

    def close(self) -> None:
        """Free what it holds; may be called again."""
        if not self._closed:
            self._closed = True
            self._free()

    def __reduce__(self) -> NoReturn:
        """Say why it does not travel.

        Raises:
            TypeError: Always.
        """
        raise TypeError(
            f"A {type(self).__name__} holds a running simulator and cannot be pickled or copied. "
            "Hand over what makes one, such as functools.partial(gymnasium.make, id, ...)."
        )

    # --- Beyond Gymnasium ----------------------------------------------------------------------

    @property
    def contract(self) -> EnvContract:
        """Cameras, proprioception and action."""
        return self._contract

    @property
    def task(self) -> str:
        """Name of the sub-task that the next step works on; ``""`` in free play and at the end."""
        current = self._begun().current
        return current.name if current else ""

    def step_chunk(self, actions: npt.ArrayLike, *, observe: bool = True) -> StepResult:
        """Execute actions ``(n, size)`` and take pictures only after the last.

        Stops where the sub-task is achieved or left behind or the episode ends; ``info["steps"]``
        says how many were executed. With ``observe=False`` the observation has no pictures.
        """
        return self._run(self._checked(actions, ndim=2), observe=observe)

    def render_cameras(self, names: Sequence[str]) -> dict[str, Picture]:
        """Return pictures of the present state by camera role, uint8 ``(height, width, 3)``."""
        self._begun()
        for name in names:
            if name not in self.roles:
                raise UnknownNameError("camera", name, self.roles)
        return self._pictures(names) if names else {}

    def begin_subtask(self, name: str | None = None, instruction: str | None = None) -> None:
        """Let the present state be the beginning of a sub-task.

        Args:
            name: The task. If it comes later in the chain, what lies before it is skipped;
                otherwise it takes the place of the current one. ``None`` keeps what is current.
            instruction: What the policy is told, if not the usual words.
        """
        chain = self._begun()
        if name is None and instruction is not None and chain.current is None:
            raise OptionError("begin_subtask: an instruction needs the name of a task.")
        if name is not None or instruction is not None:
            chain.begin(self._subtask(name or self.task, instruction))
        self._subtask_begins()

    def episode_seed(self, seed: int | None) -> int:
        """Return the seed of an episode in [0, 2**32), drawn where none was given."""
        return int(self.np_random.integers(2**32)) if seed is None else seed % 2**32

    # --- Internals -----------------------------------------------------------------------------

    def _run(self, actions: Actions, *, observe: bool) -> StepResult:
        chain = self._begun()
        steps, success, truncated = 0, False, False
        for action in actions:
            steps += 1
            self.elapsed += 1
            success, moves_on = self._step(action)
            if moves_on:
                chain.move_on()
                self._subtask_begins()
            truncated = self._out_of_time()
            if success or moves_on or truncated or chain.over:
                break
        info = self._info(success=success, steps=steps)
        observation = self._observation(observe=observe)
        return observation, float(success), chain.over, truncated, info

    def _info(self, *, success: bool, steps: int) -> dict[str, Any]:
        own: Info = {
            "success": success,
            "task": self.task,
            "subtask_index": self._begun().completed,
            "steps": steps,
        }
        return {**self._details(), **own}

    def _observation(self, *, observe: bool) -> Observation:
        pictures = self._visuals() if observe and self._contract.cameras else {}
        return {
            "proprioception": self._proprioception(),
            "instruction": self._instruction(),
            **pictures,
        }

    def _checked(self, actions: npt.ArrayLike, *, ndim: int) -> Actions:
        return self._prepared(checked_actions(actions, size=self._contract.action.size, ndim=ndim))

    def _known(self, name: str) -> None:
        if name not in self.tasks:
            raise UnknownNameError("sub-task", name, self.tasks)

    def _begun(self) -> Chain:
        self._check_open()
        if self._chain is None:
            raise gymnasium.error.ResetNeeded("Call reset() before anything else.")
        return self._chain

    def _check_open(self) -> None:
        if self._closed:
            raise gymnasium.error.ClosedEnvironmentError(
                f"This {type(self).__name__} has been closed."
            )


def _names(subtasks: Sequence[str]) -> tuple[str, ...]:
    if isinstance(subtasks, str):
        raise OptionError(
            f"subtasks={subtasks!r}: expected a list of names, such as [{subtasks!r}]."
        )
    return tuple(subtasks)
