"""CALVIN as a Gymnasium environment.

Physics and pictures are separate: ``World`` is stepped, a renderer draws its state, and only when
somebody looks. A policy that executes chunks therefore pays for one picture per chunk.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import string
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from vla_gym.contract.env import Observation, StepResult
from vla_gym.contract.spec import EnvContract
from vla_gym.env.spaces import checked_actions, observation_space
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_calvin import facts
from vla_gym_calvin.chain import Chain, SubTask, Verdict
from vla_gym_calvin.language import instruction_set
from vla_gym_calvin.rendering import Frame, Renderer, make_renderer
from vla_gym_calvin.rendering.base import RENDERERS, VISUALS
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.spec import env_contract
from vla_gym_calvin.success import check_task, fulfilled
from vla_gym_calvin.world import World

Actions = npt.NDArray[np.floating[Any]]

_OPTIONS = ("robot_obs", "scene_obs", "subtasks", "instructions")
_LATIN = "".join(map(chr, range(0xA1, 0x180)))
_INSTRUCTION = spaces.Text(
    max_length=512,
    min_length=0,
    charset=string.ascii_letters + string.digits + string.punctuation + " " + _LATIN,
)


class CalvinEnv(gymnasium.Env[Observation, Actions]):
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
        render_mode: ``None`` or ``"rgb_array"``.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": facts.CONTROL_HZ}  # noqa: RUF012
    tasks = facts.TASKS

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
        render_mode: str | None = None,
    ) -> None:
        _check_choice("renderer", renderer, RENDERERS)
        _check_choice("visuals", visuals, VISUALS)
        if render_mode is not None:
            _check_choice("render_mode", render_mode, self.metadata["render_modes"])
        if max_steps < 1:
            raise OptionError(f"max_steps={max_steps}: expected at least 1.")
        self._contract = env_contract(cameras=cameras, camera_sizes=camera_sizes)
        self._sentences = instruction_set(language).sentences
        self._assets = scene_assets(scene, assets)
        self._settings = {"scene": scene, "visuals": visuals, "button_reset": button_reset}
        self._renderer_name, self._renderer_device = renderer, renderer_device
        self._camera_sizes = camera_sizes
        self._depth, self._max_steps = depth, max_steps
        self.render_mode = render_mode
        self.action_space = spaces.Box(-1.0, 1.0, (facts.ACTION_SIZE,), np.float32)
        self.observation_space = _observation_space(self._contract, depth=depth)
        self._world = World(self._assets, button_reset=button_reset)
        self._renderer: Renderer | None = None
        self._chain: Chain | None = None

    # --- Gymnasium ---------------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; see the class for the options."""
        super().reset(seed=seed)
        given = dict(options or {})
        for key in given:
            if key not in _OPTIONS:
                raise UnknownNameError("reset option", key, _OPTIONS)
        robot_obs = _vector(given, "robot_obs", facts.ROBOT_OBS_SIZE)
        scene_obs = _vector(given, "scene_obs", facts.SCENE_OBS_SIZE)
        subtasks = self._subtasks(given.get("subtasks"), given.get("instructions"))
        self._check_open()
        self._world.reset(robot_obs, scene_obs, rng=self.np_random)
        state = self._world.task_state().freeze()
        self._chain = Chain(subtasks, state, max_steps=self._max_steps)
        return self._observation(observe=True), self._info([], success=False)

    def step(self, action: npt.ArrayLike) -> StepResult:
        """Execute one action ``(7,)``."""
        return self._run(_checked(action, ndim=1)[None], observe=True)

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Return the static camera's picture if ``render_mode`` is ``"rgb_array"``."""
        return self.render_cameras(("static",))["static"] if self.render_mode else None

    def close(self) -> None:
        """Free simulator and renderer; may be called again."""
        self._world.close()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    # --- Beyond Gymnasium --------------------------------------------------------------------

    @property
    def contract(self) -> EnvContract:
        """Cameras, proprioception and action."""
        return self._contract

    @property
    def world(self) -> World:
        """The simulated world, for benchmarks and tools; stepping it bypasses the chain."""
        return self._world

    def step_chunk(self, actions: npt.ArrayLike, *, observe: bool = True) -> StepResult:
        """Execute actions ``(n, 7)`` and take pictures only after the last.

        Stops at the step where the sub-task succeeds or the episode ends; ``info["steps"]`` says
        how many were executed. With ``observe=False`` the observation has no pictures.
        """
        return self._run(_checked(actions, ndim=2), observe=observe)

    def render_cameras(self, names: Sequence[str]) -> dict[str, npt.NDArray[np.uint8]]:
        """Return pictures of the present state by camera role, uint8 ``(height, width, 3)``."""
        return {name: frame.rgb for name, frame in self._frames(names).items()}

    def begin_subtask(self, name: str | None = None, instruction: str | None = None) -> None:
        """Let the present state be the beginning of a sub-task.

        Args:
            name: The task. If it comes later in the chain, what lies before it is skipped;
                otherwise it takes the place of the current one. ``None`` keeps what is current:
                in free play, ``task_done`` is counted from here.
            instruction: What the policy is told, if not the sentence of the language setting.
        """
        chain = self._begun()
        subtask = None if name is None else self._subtask(name, instruction)
        if name is None and instruction is not None:
            if chain.current is None:
                raise OptionError("begin_subtask: an instruction needs the name of a task.")
            subtask = self._subtask(chain.current.name, instruction)
        chain.begin(subtask, self._world.task_state())

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

    # --- Internals ---------------------------------------------------------------------------

    def _run(self, actions: Actions, *, observe: bool) -> StepResult:
        chain = self._begun()
        start, steps = chain.start, 0
        state, verdict = chain.start, Verdict(False, terminated=False, truncated=False)
        for action in actions:
            self._world.step(action)
            state = self._world.task_state()
            steps += 1
            verdict = chain.judge(state)
            if verdict.stops:
                break
        info = self._info(fulfilled(start, state), success=verdict.success)
        info["steps"] = steps
        observation = self._observation(observe=observe, robot_obs=info["robot_obs"])
        return observation, float(verdict.success), verdict.terminated, verdict.truncated, info

    def _info(self, task_done: list[str], *, success: bool) -> dict[str, Any]:
        chain = self._begun()
        return {
            "success": success,
            "task": chain.current.name if chain.current else "",
            "subtask_index": chain.completed,
            "task_done": task_done,
            "robot_obs": self._world.robot_obs(),
            "scene_obs": self._world.scene_obs(),
            "steps": 0,
        }

    def _observation(
        self, *, observe: bool, robot_obs: npt.NDArray[np.float64] | None = None
    ) -> Observation:
        if robot_obs is None:
            robot_obs = self._world.robot_obs()
        current = self._begun().current
        observation: Observation = {
            "proprioception": robot_obs.astype(np.float32),
            "instruction": current.instruction if current else "",
        }
        cameras = tuple(self._contract.cameras)
        if observe and cameras:
            frames = self._frames(cameras, depth=self._depth)
            observation["images"] = {name: frame.rgb for name, frame in frames.items()}
            if self._depth:
                observation["depth"] = {name: frame.depth for name, frame in frames.items()}
        return observation

    def _frames(self, names: Sequence[str], *, depth: bool = False) -> dict[str, Frame]:
        if not names:
            return {}
        self._begun()
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

    def _subtasks(
        self, names: Sequence[str] | None, instructions: Sequence[str | None] | None
    ) -> list[SubTask]:
        if isinstance(names, str):
            raise OptionError(f"subtasks={names!r}: expected a list of names, such as [{names!r}].")
        names = list(names or ())
        texts = [None] * len(names) if instructions is None else list(instructions)
        if len(texts) != len(names):
            raise OptionError(
                f"instructions has {len(texts)} texts for {len(names)} subtasks: "
                "expected one (or None) for each."
            )
        return [self._subtask(name, text) for name, text in zip(names, texts, strict=True)]

    def _subtask(self, name: str, instruction: str | None) -> SubTask:
        text = self._sentences[check_task(name)] if instruction is None else instruction
        if not _INSTRUCTION.contains(text):
            raise OptionError(
                f"instruction {text!r}: expected a str of at most {_INSTRUCTION.max_length} "
                "printable Latin characters, which is what observation_space can hold."
            )
        return SubTask(name, text)

    def _begun(self) -> Chain:
        self._check_open()
        if self._chain is None:
            raise gymnasium.error.ResetNeeded("Call reset() before anything else.")
        return self._chain

    def _check_open(self) -> None:
        if not self._world.client.is_open:
            raise gymnasium.error.ClosedEnvironmentError("This CalvinEnv has been closed.")


def _observation_space(contract: EnvContract, *, depth: bool) -> spaces.Dict:
    space = observation_space(contract, _INSTRUCTION)
    if not (depth and contract.cameras):
        return space
    depths: dict[str, spaces.Space[Any]] = {
        role: spaces.Box(0, np.inf, (camera.height, camera.width), np.float32)
        for role, camera in contract.cameras.items()
    }
    return spaces.Dict({**space.spaces, "depth": spaces.Dict(depths)})


def _checked(actions: npt.ArrayLike, *, ndim: int) -> Actions:
    """Return a copy of actions with the gripper at exactly 1 or -1, or raise ``ActionError``."""
    array = checked_actions(actions, size=facts.ACTION_SIZE, ndim=ndim)
    grip = array[..., -1]
    array[..., -1] = 2 * (grip > 0) - 1
    return array


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
