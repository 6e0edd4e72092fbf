"""Whoever reads a file, with a whole one to begin from: the table that the fuzzer goes through.

A reader here is what a user does with the file, as far as it can be done without a simulator. Add
yours to ``READERS``: ``write`` makes a folder, ``use`` reads it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Reader:
    """Attributes:
    write: Makes files in an empty folder with nothing wrong.
    use: Reads them, or raises a ``VlaGymError``.
    only: Pattern of the files that are changed.
    """

    write: Callable[[Path], None]
    use: Callable[[Path], None]
    only: str = "**/*"


# --- Runs --------------------------------------------------------------------------------


def write_run(root: Path) -> None:
    from unittest.mock import patch

    from vla_gym.runner import evaluation
    from vla_gym.testing import MockPolicy, ThreadWorkers, mock_suite

    with patch.object(evaluation, "LocalWorkers", ThreadWorkers):
        evaluation.evaluate(
            MockPolicy(), mock_suite(3), root / "run", workers=1, video="none", progress=False
        )
    for extra in ("workers.log", ".lock"):
        (root / "run" / extra).unlink(missing_ok=True)


def use_run(root: Path) -> None:
    from vla_gym.results.load import load_results
    from vla_gym.results.render import markdown, summary_json
    from vla_gym.runner.journal import Journal

    results = load_results(root / "run")
    markdown(results)
    json.dumps(summary_json(results))
    with Journal(root / "run") as journal:
        for episode in journal.records:
            journal.executed(episode)


def write_actions(root: Path) -> None:
    import numpy as np

    np.savez_compressed(root / "a.npz", actions=np.zeros((4, 7)), intended=np.ones((4, 7)))


def use_actions(root: Path) -> None:
    from vla_gym_calvin.spec import env_contract

    from vla_gym.contract.policy import Slot
    from vla_gym.policies import make_policy

    policy = make_policy(
        "replay", env_contract=env_contract(), options={"path": str(root / "a.npz")}
    )
    policy.reset([Slot(0)])


# --- YAML --------------------------------------------------------------------------------

SUITE = """
name: fuzz/suite
description: two episodes
defaults: {env_id: CALVIN-D-D-v0, env_kwargs: {assets: builtin, scene: D}, max_steps: 60}
protocol: {settings: {a: 1}, success: first}
table: chain
episodes:
  - {seed: 1, subtasks: [{name: open_drawer, instruction: open it}]}
  - {seed: 2, subtasks: [{name: close_drawer, instruction: b, max_steps: 3}]}
"""
BDR = """
format: bdr
name: breakfast
settings: [simple, unseen-background]
rollouts: 2
tasks:
  - name: LemonInBowl
    instruction: put the lemon in the white bowl
    scene:
      white_bowl: {x: [0.44, 0.52], y: [-0.18, -0.08]}
      lemon: {x: [0.42, 0.54], y: [0.05, 0.18], turn: [-60, 60]}
    goal: {placed: {object: lemon, upon: white_bowl}}
    steps: 200
  - PickUpRedMug
"""
MATRIX = """
out: runs/matrix
limit: 2
workers: 2
video: none
policies:
  - random
  - {name: random, label: calm, options: {scale: 0.2}}
suites:
  - calvin/smoke
  - {name: calvin/quick, limit: 3, options: {seed: 2}}
"""
TRAIN = """
summary: a first training
policy: mini.yaml
options: {backbone: {name: mini, image_size: 64}}
data:
  - {path: data/quick, options: {split: training}, weight: 2.0}
steps: 800
batch_size: 32
optimizer: {lr: 1.0e-3, schedule: cosine, warmup: 25, weight_decay: 0.01}
augment: {shift: 2, brightness: 0.1, state_noise: 0.05}
ema: 0.98
"""
POLICY = """
policy: random
scale: 0.5
"""
VLA = """
policy: robovlms
formulation: policy-head
action: continuous
history: 4
chunk: 2
cameras: [static, wrist]
backbone: {name: mini, image_size: 64, weights: random}
head: {name: lstm, layers: 2}
"""
SETS = """scale=0.5
chains=3
policy.scale=[1, 2]
suite.seed=4
run.workers=2
"""


def yaml_file(text: str) -> Callable[[Path], None]:
    return lambda root: (root / "file.yaml").write_text(text.lstrip()) and None


def use_suite(root: Path) -> None:
    from vla_gym.suites import load_suite

    suite = load_suite(str(root / "file.yaml"))
    json.dumps(suite.model_dump(mode="json"))


def use_matrix(root: Path) -> None:
    from vla_gym.grid import load_matrix

    list(load_matrix(root / "file.yaml").cells())


def use_train(root: Path) -> None:
    from vla_gym.training.config import load_train_config

    json.dumps(load_train_config(root / "file.yaml", {"steps": 3}).model_dump(mode="json"))


def use_policy(root: Path) -> None:
    from vla_gym_calvin.spec import env_contract

    from vla_gym.policies import make_policy

    json.dumps(make_policy(str(root / "file.yaml"), env_contract=env_contract()).spec.model_dump())


def use_vla(root: Path) -> None:
    from vla_gym_robovlms.config import check_formulation, load_config, parse_config

    config = parse_config(load_config(root / "file.yaml"))
    check_formulation(config)
    json.dumps(config.model_dump(mode="json"))


def use_sets(root: Path) -> None:
    from vla_gym.cli.options import nested, parse_options
    from vla_gym.errors import OptionError
    from vla_gym.suites import load_suite

    try:
        texts = (root / "file.set").read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:  # a command line is text
        raise OptionError(str(error)) from error
    nested(texts)
    options = parse_options(texts, policy="random", suite="calvin/quick")
    load_suite("calvin/quick", {"chains": 1, **options.suite})


def use_sentences(root: Path) -> None:
    from vla_gym_calvin.language import _read

    _read(root / "file.yaml")


def write_sentences(root: Path) -> None:
    import yaml
    from vla_gym_calvin.facts import TASKS

    (root / "file.yaml").write_text(yaml.safe_dump({task: [f"do {task}"] for task in TASKS}))


# --- Demonstrations ----------------------------------------------------------------------


def use_dataset(root: Path, **options: Any) -> None:
    from vla_gym.datasets import load_dataset

    dataset = load_dataset(root, options)
    dataset.spec.model_dump()
    for number, length in enumerate(dataset.lengths):
        assert len(dataset.episode(number)) == length


def write_calvin(root: Path) -> None:
    from test_folders import Folder  # of CALVIN's package

    folder = Folder(root / "set")
    folder.write()


def use_calvin(root: Path) -> None:
    from vla_gym.datasets import load_dataset

    use_dataset(root / "set", leave_out=["bad"])
    dataset: Any = load_dataset(root / "set", {"leave_out": ["bad"]})
    for a in dataset.annotations:
        dataset.scenes.chosen(a.first, a.last, None)


def write_rlds(root: Path) -> None:
    from small_demonstrations import demonstration
    from test_rlds import episode, record

    for number in range(2):
        file = root / f"robot-train.tfrecord-{number:05d}-of-00002"
        file.write_bytes(record(episode(demonstration(number, 3))))
    (root / "features.json").write_text("{}")


def use_rlds(root: Path) -> None:
    from small_demonstrations import SPEC
    from test_rlds import FIELDS

    use_dataset(root, spec=SPEC, fields=FIELDS)


def write_clips(root: Path) -> None:
    from small_demonstrations import demonstration

    from vla_gym.datasets.pictures import write_pictures

    whole = demonstration(0, 4)
    videos = {role: f"media/{role}.mp4" for role in whole.images}
    for role, pictures in whole.images.items():
        write_pictures(root / videos[role], pictures, fps=30)
    (root / "anns/train").mkdir(parents=True)
    said = {"text": "x", "actions": whole.actions.tolist(), "state": whole.proprioception.tolist()}
    (root / "anns/train/0.json").write_text(json.dumps({**said, "videos": videos}))


def use_clips(root: Path) -> None:
    from small_demonstrations import SPEC

    use_dataset(root, spec=SPEC)


# --- Models ------------------------------------------------------------------------------


def _training() -> tuple[Any, Any]:
    import torch

    module = torch.nn.Linear(3, 2)
    return module, torch.optim.AdamW(module.parameters())


def _train_config() -> Any:
    from vla_gym.training.config import TrainConfig

    return TrainConfig.model_validate(
        {"policy": "toy", "data": [{"path": "x"}], "steps": 5, "batch_size": 2}
    )


def write_training(root: Path) -> None:
    from vla_gym.training.state import claim, save_state

    module, optimizer = _training()
    module(module.weight.new_ones(1, 3)).sum().backward()
    optimizer.step()
    claim(root, _train_config())
    save_state(root, 3, module, optimizer, None)


def use_training(root: Path) -> None:
    from vla_gym.training.state import claim, load_state

    claim(root, _train_config())
    module, optimizer = _training()
    done = load_state(root, module, optimizer, None)
    module(module.weight.new_ones(1, 3)).sum().backward()
    optimizer.step()
    assert 0 <= done <= 5


def write_checkpoint(root: Path) -> None:
    from samples_vla import tiny_config, tiny_model
    from vla_gym_robovlms.checkpoints import save_checkpoint

    save_checkpoint(tiny_model(tiny_config("mini")), root / "ck")


_MODELS: dict[str, Any] = {}


def use_checkpoint(root: Path) -> None:
    from samples_vla import tiny_config, tiny_model
    from vla_gym_robovlms.checkpoint_format import FORMAT
    from vla_gym_robovlms.checkpoints import load_checkpoint
    from vla_gym_robovlms.config import load_config, parse_config

    from vla_gym.errors import VlaGymError
    from vla_gym.policies.file import load_policy_file

    model = _MODELS.setdefault("mini", None) or tiny_model(tiny_config("mini"))
    _MODELS["mini"] = model
    for step in (
        lambda: FORMAT.inspect(root / "ck", {}),
        lambda: FORMAT.convert(root / "ck", root / "small", {"precision": "float16"}),
        lambda: load_policy_file(root / "ck/policy.yaml"),
        lambda: parse_config(
            {k: v for k, v in load_config(root / "ck/policy.yaml").items() if k != "checkpoint"}
        ),
        lambda: load_checkpoint(model, root / "ck"),
    ):
        try:
            step()
        except VlaGymError as error:
            found = error
        else:
            found = None
    if found is not None:
        raise found


def write_released(root: Path) -> None:
    import torch
    from released_facts import synthetic_state
    from test_checkpoints import PUBLISHED  # of RoboVLMs' package

    state = {k: v for k, v in synthetic_state(prefix="module.").items() if v.numel() < 3000}
    torch.save({"state_dict": state, "epoch": 4}, root / "kosmos_ph.pt")
    (root / "kosmos_ph.json").write_text(json.dumps(PUBLISHED))


def use_released(root: Path) -> None:
    from vla_gym_robovlms.checkpoint_format import FORMAT
    from vla_gym_robovlms.checkpoints.published import config_from_published

    FORMAT.inspect(root / "kosmos_ph.pt", {})
    config_from_published(root / "kosmos_ph.json")


READERS: dict[str, Reader] = {
    "run": Reader(write_run, use_run),
    "actions": Reader(write_actions, use_actions),
    "suite": Reader(yaml_file(SUITE), use_suite),
    "bdr": Reader(yaml_file(BDR), use_suite),
    "matrix": Reader(yaml_file(MATRIX), use_matrix),
    "train config": Reader(yaml_file(TRAIN), use_train),
    "policy file": Reader(yaml_file(POLICY), use_policy),
    "VLA config": Reader(yaml_file(VLA), use_vla),
    "--set": Reader(lambda root: (root / "file.set").write_text(SETS) and None, use_sets),
    "sentences": Reader(write_sentences, use_sentences),
    "CALVIN": Reader(write_calvin, use_calvin),
    "CALVIN annotations": Reader(write_calvin, use_calvin, "**/*.npy"),
    "RLDS": Reader(write_rlds, use_rlds),
    "clips": Reader(write_clips, use_clips, "**/*.json"),
    "training state": Reader(write_training, use_training),
    "checkpoint": Reader(write_checkpoint, use_checkpoint),
    "released": Reader(write_released, use_released),
}


def copy_of(whole: Path, target: Path) -> None:
    """Make a folder anew from the whole one."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(whole, target)
