"""Policy files: a registered policy and its options in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.options import merged
from vla_gym.policies import PolicyRef, make_policy
from vla_gym.policies.file import load_policy_file
from vla_gym.policies.ref import find_policy, policy_options
from vla_gym.testing.mock_env import mock_contract


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return str(path)


def test_a_file_goes_where_a_name_goes(tmp_path: Path) -> None:
    file = written(tmp_path, "policy: random\nscale: 0.5\n")
    assert find_policy(file)[0].name == "random"
    assert set(policy_options(file).model_fields) == {"scale", "gripper_change"}
    policy = make_policy(file, env_contract=mock_contract(), options={"gripper_change": 0.1})
    assert type(policy).__name__ == "RandomPolicy"
    assert PolicyRef.parse(file).identity == {"policy": "random", "scale": 0.5}
    assert PolicyRef.parse("random").identity == {}


def test_options_go_before_those_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "policy: random\nscale: 0.5\n")
    with pytest.raises(OptionError, match=r"scale=7, expected less than or equal to 1"):
        make_policy(file, env_contract=mock_contract(), options={"scale": 7})


def test_nested_options_are_merged_and_here_is_the_folder(tmp_path: Path) -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 4}}) == {
        "a": {"b": 1, "c": 4},
        "d": 3,
    }
    file = written(tmp_path, "policy: random\npaths: ['${here}/x', {deep: '${here}'}]\n")
    _, options = load_policy_file(Path(file))
    assert options["paths"] == [f"{tmp_path.resolve()}/x", {"deep": str(tmp_path.resolve())}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scale: 1\n", "policy: NAME"),
        ("- random\n", "expected a mapping"),
        ("a: [", "not valid YAML"),
    ],
)
def test_what_is_no_policy_file_says_so(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        find_policy(written(tmp_path, text))


def test_an_absent_file_and_an_unknown_policy_say_so(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        find_policy(str(tmp_path / "absent.yaml"))
    with pytest.raises(UnknownNameError, match="Did you mean random"):
        make_policy(written(tmp_path, "policy: randon\n"), env_contract=mock_contract())
