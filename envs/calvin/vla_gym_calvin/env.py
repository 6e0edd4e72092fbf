"""CALVIN as a Gymnasium environment.

Physics and pictures are separate: ``World`` is stepped, a renderer draws its state, and only when
somebody looks. A policy that executes chunks therefore pays for one picture per chunk.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from vla_gym.contract.spec import EnvContract
from vla_gym.env.chain import SubTask
from vla_gym.env.instruction import Instruction
from vla_gym.env.spaces import observation_space
from vla_gym.env.task_env import TaskEnv, Verdict
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_calvin import facts
from vla_gym_calvin.language import instruction_set
from vla_gym_calvin.rendering import Frame, Renderer, make_renderer
from vla_gym_calvin.rendering.base import RENDERERS, VISUALS
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.spec import env_contract
from vla_gym_calvin.success import TaskState, check_task, fulfilled, is_fulfilled
from vla_gym_calvin.world import World

Actions = npt.NDArray[np.floating[Any]]

_INSTRUCTION = Instruction()


class CalvinEnv(TaskEnv):
    """A CALVIN scene: 34 tasks, alone, in chains, or free play.

    Actions are ``(7,)``: translation in units of 2 cm, Euler angles xyz in units of 0.05 rad, both
    added to the commanded pose of the tool centre point in world axes, and the gripper: above 0
    opens, anything else closes. They are used in the precision they come in and are not clipped.

    Observations hold ``images`` (uint8 by camera role; absent without cameras),
    ``proprioception`` (``robot_obs`` as float32, ``(15,)``), ``instruction``, and ``depth``
    (float32 metres by role) if asked for.

    ``info`` holds ``success`` (the sub-task this step worked on was achieved now), ``task`` (what
    the next step works on, ``""`` in free play), ``subtask_index`` (how many were achieved),
    ``task_done`` (sorted names of all tasks fulfilled since the sub-task began), ``robot_obs``
    ``(15,)``, ``scene_obs`` ``(24,)`` and ``steps`` (executed by this call).

    Reset options, all optional: ``robot_obs``, ``scene_obs`` (default: seeded random placement of
    the blocks), ``subtasks`` (names; the next begins when one succeeds; the episode terminates
    when all have succeeded and is truncated when one exceeds ``max_steps``) and ``instructions``
    (a text or ``None`` for each of them). Without ``subtasks`` it is free play and never ends.

    Args:
        scene: ``"A"`` to ``"D"``.
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
        renderer: ``"gl"``, ``"tiny"``, ``"egl"`` or ``"auto"`` (``"gl"`` where OpenGL works, else
            ``"tiny"``); started when the first picture is taken.
        visuals: ``"exact"`` for the original meshes, ``"fast"`` (``"gl"`` only) for lighter
            shadows, ``"low"`` for simplified robot meshes, ``"auto"`` for ``"fast"`` or ``"low"``.
        renderer_device: Graphics card of ``"gl"`` as CUDA counts them; ``None`` for the first.
        cameras: Roles to render into observations; may be empty.
        camera_sizes: (height, width) by role, where they differ from the official ones.
        depth: Whether observations hold depth images.
        button_reset: ``"pinned"`` (published numbers) or ``"main"``; see ``world.scene``.
        language: ``"official"`` sentences, our ``"own"``, or ``"auto"``.
        max_steps: Steps allowed per sub-task.
        subtasks: What a ``reset`` without ``subtasks`` asks for; without any it is free play.
        render_mode: ``None`` or ``"rgb_array"``.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": facts.CONTROL_HZ}  # noqa: RUF012
    tasks = facts.TASKS
    reset_options = ("robot_obs", "scene_obs", "instructions")

    def __init__(
        self,
        *,
        scene: str = "D",
        assets: str = "auto",
        renderer: str = "auto",
        visuals: str = "auto",
        renderer_device: int | None = None,
        cameras: Sequence[str] = tuple(facts.CAMERA_SIZES),
        camera_sizes: Mapping[str, Sequence[int]] | None = None,
        depth: bool = False,
        button_reset: str = "pinned",
        language: str = "auto",
        max_steps: int = facts.MAX_STEPS,
        subtasks: Sequence[str] = (),
        render_mode: str | None = None,
    ) -> None:
        _check_choice("renderer", renderer, RENDERERS)
        _check_choice("visuals", visuals, VISUALS)
        super().__init__(
            env_contract(cameras=cameras, camera_sizes=camera_sizes),
            facts.TASKS,
            action_space=spaces.Box(-1.0, 1.0, (facts.ACTION_SIZE,), np.float32),
            max_steps=max_steps,
            subtasks=subtasks,
            render_mode=render_mode,
        )
        self.observation_space = _observation_space(self._contract, depth=depth)
        self.roles = tuple(facts.CAMERA_SIZES)
        self._sentences = instruction_set(language).sentences
        self._assets = scene_assets(scene, assets)
        self._settings = {"scene": scene, "visuals": visuals, "button_reset": button_reset}
        self._renderer_name, self._renderer_device = renderer, renderer_device
        self._camera_sizes = camera_sizes
        self._depth = depth
        self._world = World(self._assets, button_reset=button_reset)
        self._renderer: Renderer | None = None
        self._start: TaskState
        self._state: TaskState
        self._judged_from: TaskState
        self._robot_obs: npt.NDArray[np.float64]

    @property
    def world(self) -> World:
        """The simulated world, for benchmarks and tools; stepping it bypasses the chain."""
        return self._world

    def describe(self) -> dict[str, Any]:
        """Return what a result should record: engine, assets, renderer and its fingerprint."""
        pictures = self._contract.cameras or self._renderer is not None
        return {
            **self._settings,
            "assets": self._assets.kind,
            "renderer": self._drawing().describe() if pictures else None,
            "engine": {"pybullet": importlib.metadata.version("pybullet")},
            "instructions": hashlib.sha256(repr(self._sentences).encode()).hexdigest()[:16],
        }

    # --- An episode ----------------------------------------------------------------------------

    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Mapping[str, Any]:
        del seed  # the world draws from np_random
        robot_obs = _vector(options, "robot_obs", facts.ROBOT_OBS_SIZE)
        scene_obs = _vector(options, "scene_obs", facts.SCENE_OBS_SIZE)
        self._world.reset(robot_obs, scene_obs, rng=self.np_random)
        self._state = self._judged_from = self._world.task_state().freeze()
        return {}

    def _subtask_begins(self) -> None:
        """Every sub-task is judged from its own beginning and has ``max_steps`` of its own."""
        self._start = self._world.task_state().freeze()
        self.elapsed = 0

    def _step(self, action: npt.NDArray[Any]) -> Verdict:
        self._world.step(action)
        self._judged_from, self._state = self._start, self._world.task_state()
        success = bool(self.task) and is_fulfilled(self.task, self._start, self._state)
        return Verdict(success, moves_on=success)

    def _out_of_time(self) -> bool:
        """Free play never ends."""
        return bool(self.task) and super()._out_of_time()

    def _details(self) -> Mapping[str, Any]:
        self._robot_obs = self._world.robot_obs()
        return {
            "task_done": fulfilled(self._judged_from, self._state),
            "robot_obs": self._robot_obs,
            "scene_obs": self._world.scene_obs(),
        }

    def _proprioception(self) -> npt.NDArray[np.float32]:
        return self._robot_obs.astype(np.float32)

    def _prepared(self, actions: Actions) -> Actions:
        """Put the gripper at exactly 1 or -1; the precision is the caller's."""
        actions[..., -1] = 2 * (actions[..., -1] > 0) - 1
        return actions

    # --- Words ---------------------------------------------------------------------------------

    def _subtasks(self, names: Sequence[str], options: Mapping[str, Any]) -> list[SubTask]:
        given = options.get("instructions")
        texts = [None] * len(names) if given is None else list(given)
        if len(texts) != len(names):
            raise OptionError(
                f"instructions has {len(texts)} texts for {len(names)} subtasks: "
                "expected one (or None) for each."
            )
        return [self._subtask(name, text) for name, text in zip(names, texts, strict=True)]

    def _subtask(self, name: str, instruction: str | None = None) -> SubTask:
        text = self._sentences[check_task(name)] if instruction is None else instruction
        if not _INSTRUCTION.contains(text):
            raise OptionError(
                f"instruction {text!r}: expected a str of at most {_INSTRUCTION.max_length} "
                "printable Latin characters, which is what observation_space can hold."
            )
        return SubTask(name, text)

    def _instruction(self) -> str:
        current = self._begun().current
        return current.instruction if current else ""

    # --- Pictures ------------------------------------------------------------------------------

    def _pictures(self, roles: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        return {name: frame.rgb for name, frame in self._frames(roles).items()}

    def _visuals(self) -> Mapping[str, Any]:
        frames = self._frames(tuple(self._contract.cameras), depth=self._depth)
        seen: dict[str, Any] = {"images": {name: frame.rgb for name, frame in frames.items()}}
        if self._depth:
            seen["depth"] = {name: frame.depth for name, frame in frames.items()}
        return seen

    def _frames(self, names: Sequence[str], *, depth: bool = False) -> dict[str, Frame]:
        return self._drawing().render(self._world.visual_state(), names, depth=depth)

    def _drawing(self) -> Renderer:
        self._check_open()
        if self._renderer is None:
            self._renderer = make_renderer(
                self._renderer_name,
                assets=self._assets,
                visuals=self._settings["visuals"],
                camera_sizes=self._camera_sizes,
                device=self._renderer_device,
            )
        return self._renderer

    def _free(self) -> None:
        self._world.close()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def _observation_space(contract: EnvContract, *, depth: bool) -> spaces.Dict:
    space = observation_space(contract)
    if not (depth and contract.cameras):
        return space
    depths: dict[str, spaces.Space[Any]] = {
        role: spaces.Box(0, np.inf, (camera.height, camera.width), np.float32)
        for role, camera in contract.cameras.items()
    }
    return spaces.Dict({**space.spaces, "depth": spaces.Dict(depths)})


def _vector(options: Mapping[str, Any], name: str, size: int) -> npt.NDArray[np.float64] | None:
    """Return an option as a finite float64 vector, ``None`` if it is absent."""
    value = options.get(name)
    if value is None:
        return None
    try:
        vector = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{name} is not a vector of numbers: {error}.") from error
    if vector.shape != (size,):
        raise OptionError(f"{name} has shape {vector.shape}, expected ({size},).")
    if not np.isfinite(vector).all():
        raise OptionError(
            f"{name} holds {vector[~np.isfinite(vector)][0]}, expected finite numbers."
        )
    return vector


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UnknownNameError(name, value, known)
