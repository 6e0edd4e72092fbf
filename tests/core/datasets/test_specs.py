"""A spec is a mapping, a file or a name, wherever one is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rlds_folders import episode, write_folder
from test_rlds import FIELDS
from typer.testing import CliRunner

from vla_gym.cli.app import app
from vla_gym.dataset_specs import DatasetSpecEntry
from vla_gym.datasets import load_dataset
from vla_gym.datasets.specs import find_spec
from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.registry import registry

READY = sorted(registry().names(DatasetSpecEntry))


@pytest.fixture
def folder(tmp_path: Path, make) -> Path:
    return write_folder(tmp_path / "rlds", [[episode(make(0, 3))]])


@pytest.fixture
def file(tmp_path: Path, spec) -> Path:
    """A spec with the fields of ``folder``."""
    fields = {"rlds": {"fields": FIELDS.model_dump(mode="json")}, "lerobot": {"state": "s"}}
    path = tmp_path / "robot.yaml"
    path.write_text(yaml.safe_dump({"spec": spec.model_dump(mode="json"), "formats": fields}))
    return path


def test_a_file_says_what_a_folder_means(folder: Path, file: Path, tmp_path: Path, spec) -> None:
    assert load_dataset(folder, {"spec": str(file)}).spec == spec
    assert load_dataset(folder, {"spec": file, "split": "all"}).lengths == [3]
    bare = tmp_path / "bare.yml"
    bare.write_text(yaml.safe_dump(spec.model_dump(mode="json")))
    assert load_dataset(folder, {"spec": str(bare), "fields": FIELDS}).spec == spec
    mapping = {"spec": spec.model_dump(mode="json"), "fields": FIELDS.model_dump(mode="json")}
    assert load_dataset(folder, mapping).spec == spec


def test_what_is_said_beside_a_file_goes_over_it(folder: Path, file: Path) -> None:
    with pytest.raises(ValueError, match="no field 'text'"):
        _ = load_dataset(folder, {"spec": str(file), "fields": {"instruction": "text"}}).lengths


def test_the_command_line_takes_a_file(folder: Path, file: Path, tmp_path: Path) -> None:
    for words in (["info"], ["check"], ["convert", "--out", str(tmp_path / "out")]):
        command = ["dataset", *words, str(folder), "--spec", str(file)]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    result = CliRunner().invoke(app, ["dataset", "info", str(folder)])
    assert "field        action/move" in result.output


def test_a_spec_that_is_wrong_is_told_with_its_line(folder: Path, file: Path) -> None:
    with pytest.raises(UnknownNameError, match="robott"):
        load_dataset(folder, {"spec": "robott"})
    with pytest.raises(OptionError, match="cannot be read"):
        load_dataset(folder, {"spec": "absent.yaml"})
    file.write_text(file.read_text().replace("frame: world", "frame: SAY", 1))
    with pytest.raises(OptionError, match=r"robot\.yaml, line \d+.*SAY"):
        load_dataset(folder, {"spec": str(file)})


@pytest.mark.parametrize("name", READY)
def test_a_ready_spec_can_be_used(name: str) -> None:
    found = find_spec(name)
    assert found.spec.fps == found.spec.action.control_hz
    assert found.spec.cameras
