"""A worker process: builds environments, runs episodes, does them again; one thing at a time.

It owns everything that depends on the environment (simulator, adapter, success), so that parent
and worker exchange an observation and a chunk per decision and nothing else. Environments are
built once and kept for the episodes that follow.
"""

from __future__ import annotations

import faulthandler
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol, cast

from vla_gym.contract.adapter import Adapter, adapt
from vla_gym.contract.policy import Chunk, PolicyInput
from vla_gym.error_text import described, summary
from vla_gym.errors import reach
from vla_gym.plain import description
from vla_gym.replay.drive import Env, make_env
from vla_gym.replay.walk import Walk
from vla_gym.runner.episode import Episode, PolicyFailedError
from vla_gym.runner.frames import FrameBlock, Images
from vla_gym.runner.messages import (
    Actions,
    Alive,
    EnvBuilt,
    Failed,
    Finished,
    FromWorker,
    PolicyFailed,
    Ready,
    Replay,
    Replayed,
    Request,
    RunEpisode,
    Stage,
    Start,
    Stop,
    ToWorker,
)
from vla_gym.suites.spec import EpisodeSpec

MAX_ENVS = 4
"""Environments that a worker keeps at a time; the one unused for longest is closed."""
ALIVE_SECONDS = 2.0
"""How often a worker says at a replay that it is alive."""


class ParentGoneError(BaseException):
    """The pipe is closed; not an ``Exception``, so that no environment's handler swallows it."""


class Pipe:
    """The worker's end of the pipe."""

    def __init__(self, connection: Connection) -> None:
        """Speak over ``connection``."""
        self._connection = connection

    def send(self, message: FromWorker) -> None:
        """Send a message."""
        try:
            self._connection.send(message)
        except OSError as error:
            raise ParentGoneError from error

    def receive(self) -> ToWorker:
        """Wait for the parent's next message."""
        try:
            return cast(ToWorker, self._connection.recv())
        except (EOFError, OSError) as error:
            raise ParentGoneError from error


class FrameWriter(Protocol):
    """Where pictures go (``FrameBlock``)."""

    def write(self, images: Images, policy: int = 0) -> None:
        """Hand over the pictures of one observation, at the sizes of a policy."""
        ...


@dataclass(frozen=True)
class _World:
    env: Env
    adapter: Adapter | None


class Worker:
    """Does what the parent asks until it says stop."""

    def __init__(self, pipe: Pipe, frames: FrameWriter, start: Start) -> None:
        """Work by the rules of ``start``."""
        self._pipe, self._frames, self._start = pipe, frames, start
        self._worlds: OrderedDict[str, _World] = OrderedDict()

    def serve(self) -> None:
        """Answer messages; returns after ``Stop``."""
        self._pipe.send(Ready())
        while not isinstance(message := self._pipe.receive(), Stop):
            self._pipe.send(self._answer(message))
        for world in self._worlds.values():
            world.env.close()

    def _answer(self, message: ToWorker) -> FromWorker:
        if not isinstance(message, (RunEpisode, Replay)):
            raise TypeError(f"unexpected message {message!r}")
        stage: Stage = "build"
        try:
            world = self._world(message)
            stage = "episode" if isinstance(message, RunEpisode) else "replay"
            if isinstance(message, RunEpisode):
                return self._run(world, message)
            return self._replay(world.env, message)
        except ParentGoneError:
            raise
        except BaseException as error:  # also SystemExit: an environment does not end its worker
            self._forget(message.spec)
            scope, retry = reach(error)
            return Failed(stage, summary(error), described(error), scope, retry)

    def _run(self, world: _World, message: RunEpisode) -> Finished:
        def ask(seen: PolicyInput, *, subtask: int, reset: bool) -> Chunk:
            self._frames.write(seen.images, message.policy)
            request = Request(
                message.index, subtask, reset, seen.proprioception, seen.instruction, seen.info
            )
            self._pipe.send(request)
            answer = self._pipe.receive()
            if isinstance(answer, PolicyFailed):
                raise PolicyFailedError(answer.error)
            if not isinstance(answer, Actions):
                raise ParentGoneError
            return answer.chunk

        assert world.adapter is not None, "no policy was named when it was built"
        episode = Episode(
            index=message.index,
            spec=message.spec,
            rules=self._start.protocol,
            env=world.env,
            adapter=world.adapter.start(),
            ask=ask,
        )
        rollout = episode.run()
        return Finished(rollout.record, rollout.executed)

    def _replay(self, env: Env, message: Replay) -> Replayed:
        said = time.monotonic()

        def alive() -> None:
            nonlocal said
            if time.monotonic() - said > ALIVE_SECONDS:
                self._pipe.send(Alive())
                said = time.monotonic()

        walk = Walk(env, message.spec, message.record, message.actions, alive=alive)
        result = message.visitor(walk)
        return Replayed(message.index, result, walk.problem)

    def _world(self, message: RunEpisode | Replay) -> _World:
        """Return the environment of a job, built if there is none yet."""
        spec = message.spec
        key = spec.env_key
        if key not in self._worlds:
            while len(self._worlds) >= MAX_ENVS:
                self._worlds.popitem(last=False)[1].env.close()
            self._worlds[key] = self._built(spec, message.policy)
            self._pipe.send(EnvBuilt(spec.env_id, description(self._worlds[key].env.describe())))
        self._worlds.move_to_end(key)
        return self._worlds[key]

    def _built(self, spec: EpisodeSpec, number: int | None) -> _World:
        policy = None if number is None else self._start.policies[number]
        cameras = () if policy is None else tuple(policy.cameras)
        env = make_env(spec.env_id, spec.env_kwargs, cameras=cameras)
        if policy is None:
            return _World(env, None)
        return _World(env, adapt(policy, env.contract, env_id=spec.env_id))

    def _forget(self, spec: EpisodeSpec) -> None:
        """Close an environment that raised: what state it is in, nobody knows."""
        world = self._worlds.pop(spec.env_key, None)
        if world is None:
            return
        try:
            world.env.close()
        except (Exception, SystemExit) as error:
            print(f"closing {spec.env_id} failed: {error!r}", file=sys.stderr)


def run_worker(connection: Connection, frames_fd: int) -> None:
    """Serve the parent behind ``connection`` until it says stop or goes away."""
    pipe = Pipe(connection)
    try:
        start = pipe.receive()
        if isinstance(start, Start):
            Worker(pipe, FrameBlock([p.cameras for p in start.policies], frames_fd), start).serve()
    except ParentGoneError:
        return


def main() -> None:
    """Entry point of the process: ``worker CONNECTION_FD FRAMES_FD``, by ``parent_death``."""
    connection_fd, frames_fd = (int(argument) for argument in sys.argv[1:3])
    faulthandler.enable()
    run_worker(Connection(connection_fd), frames_fd)


if __name__ == "__main__":
    main()
