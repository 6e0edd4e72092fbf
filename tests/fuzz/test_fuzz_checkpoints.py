"""Model files with something wrong in them load, or are refused: no traceback, no hang."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import TRIES, mutate_file

from vla_gym.errors import VlaGymError

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("vla_gym_robovlms", reason="needs vla-gym-robovlms")

from released_facts import synthetic_state  # noqa: E402
from samples_vla import tiny_config, tiny_model  # noqa: E402
from test_published import WHOLE  # noqa: E402
from vla_gym_robovlms.checkpoint_format import FORMAT  # noqa: E402
from vla_gym_robovlms.checkpoints import load_checkpoint, save_checkpoint  # noqa: E402
from vla_gym_robovlms.checkpoints.published import config_from_published  # noqa: E402
from vla_gym_robovlms.options import resolve  # noqa: E402

CONFIG = tiny_config(head={"name": "lstm", "layers": 4}, cameras=("static", "wrist"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of ours, a released file and a published configuration, with nothing wrong."""
    root = tmp_path_factory.mktemp("whole")
    save_checkpoint(tiny_model(CONFIG), root / "ours")
    torch.save({"state_dict": synthetic_state()}, root / "released.pt")
    (root / "published.json").write_text(json.dumps(WHOLE))
    return root


def ours(root: Path, model: Any) -> None:
    FORMAT.inspect(root / "ours", {})
    resolve(str(root / "ours/policy.yaml"), {})
    load_checkpoint(model, root / "ours")


def released(root: Path, model: Any) -> None:
    FORMAT.inspect(root / "released.pt", {})
    load_checkpoint(model, root / "released.pt")


def published(root: Path, model: Any) -> None:
    resolve(None, config_from_published(root / "published.json"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("use", [ours, released, published], ids=lambda use: use.__name__)
def test_a_file_with_a_fault_loads_or_is_refused(
    use: Callable[[Path, Any], None], whole: Path, tmp_path: Path
) -> None:
    model, refused = tiny_model(CONFIG), 0
    use(whole, model)
    for seed in range(TRIES):
        rng = np.random.default_rng(seed)
        root = tmp_path / "set"
        shutil.copytree(whole, root)
        files = sorted(root.rglob(f"{use.__name__}*"))
        files = sorted(files[0].iterdir()) if files[0].is_dir() else files
        file = files[rng.integers(len(files))]
        mutate_file(file, rng)
        try:
            use(root, model)
        except VlaGymError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {file.name}") from error
        shutil.rmtree(root)
    assert refused
