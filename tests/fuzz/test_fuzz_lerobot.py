"""LeRobot folders with something wrong in them are read, or refused: no traceback, no hang."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from lerobot_folders import Folder
from mutations import TRIES, mutate_file
from small_demonstrations import SPEC, demonstration

from vla_gym.datasets import describe_folder, load_dataset
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.errors import VlaGymError

pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")

KINDS = {
    "v2.0": Folder(version="v2.0", stored="image"),
    "v2.1": Folder(version="v2.1", tasks_of=((0, 0, 1), (1, 1))),
    "v3.0": Folder(tasks_of=((0, 0, 1), (1, 1))),
    "v3.0-image": Folder(stored="image"),
}


@pytest.fixture(scope="module", params=[*KINDS, "ours"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing wrong."""
    root = tmp_path_factory.mktemp("whole") / "set"
    if request.param in KINDS:
        return KINDS[request.param].write(root)
    writer = LeRobotWriter(root, SPEC)
    writer.add(demonstration(0, 4))
    writer.close()
    writer.add(demonstration(1, 3))
    return root


def use(root: Path) -> None:
    """Do with a folder what a user does."""
    dataset = load_dataset(root, {"spec": SPEC})
    for number, length in enumerate(dataset.lengths):
        read = dataset.episode(number)
        assert len(read.actions) == length
        assert np.isfinite(read.actions).all()


def look(root: Path) -> None:
    """Describe a folder."""
    assert list(describe_folder(root))


def go_on(root: Path) -> None:
    """Record another episode into a folder."""
    writer = LeRobotWriter(root, SPEC)
    writer.add(demonstration(2, 3))
    writer.close()


@pytest.mark.timeout(3600)
def test_a_folder_with_a_fault_is_read_or_refused(whole: Path, tmp_path: Path) -> None:
    outcomes = {"read": 0, "refused": 0}
    for seed in range(TRIES):
        rng = np.random.default_rng(seed)
        root = tmp_path / "set"
        shutil.copytree(whole, root)
        names = sorted(file.relative_to(root) for file in root.rglob("*") if file.is_file())
        name = names[rng.integers(len(names))]
        mutate_file(root / name, rng)
        for done in (look, use, go_on):
            try:
                done(root)
                outcomes["read"] += 1
            except VlaGymError:
                outcomes["refused"] += 1
            except Exception as error:
                shutil.copytree(root, tmp_path / "kept")
                raise AssertionError(f"seed {seed}, {name}: {tmp_path}/kept") from error
        shutil.rmtree(root)
    assert all(outcomes.values())
