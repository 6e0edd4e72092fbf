"""The suite files that the documentation shows are suites, and their episodes begin."""

from __future__ import annotations

import re
from pathlib import Path

import gymnasium
import pytest

from vla_gym.errors import SuiteError
from vla_gym.suites import Suite, load_suite

PAGE = Path(__file__).resolve().parent.parent / "docs" / "suites.md"
FILES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


@pytest.fixture(params=range(len(FILES)))
def shown(request: pytest.FixtureRequest, tmp_path: Path) -> Suite:
    file = tmp_path / "breakfast.yaml"
    file.write_text(FILES[request.param])
    env_id = "CALVIN" if "CALVIN" in FILES[request.param] else "BDRBench"
    pytest.importorskip("vla_gym_calvin" if env_id == "CALVIN" else "vla_gym_bdr")
    return load_suite(str(file))


def test_the_page_shows_both_kinds() -> None:
    assert len(FILES) == 2


def test_every_file_of_the_page_begins(shown: Suite) -> None:
    for env_id in {episode.env_id for episode in shown.episodes}:
        spec = next(e for e in reversed(shown.episodes) if e.env_id == env_id)
        kwargs = {**spec.env_kwargs, "cameras": ()}
        env = gymnasium.make(env_id, disable_env_checker=True, **kwargs)
        names = [subtask.name for subtask in spec.subtasks]
        options = {**spec.options, "subtasks": names}
        _, info = env.reset(seed=spec.seed, options=options)
        assert info["task"] == names[0]
        assert not info["success"]
        env.close()


def test_the_mistake_of_the_page_is_told_as_the_page_says(tmp_path: Path) -> None:
    pytest.importorskip("vla_gym_bdr")
    file = tmp_path / "breakfast.yaml"
    file.write_text(FILES[0].replace("lemon: {x", "lemmon: {x"))
    with pytest.raises(SuiteError) as caught:
        load_suite(str(file))
    message = re.search(r"```text\n(.*?)\n```", PAGE.read_text(), flags=re.DOTALL)
    assert message is not None
    assert str(caught.value).endswith(message.group(1))
