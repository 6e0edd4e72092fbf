"""What a reader sees: n, intervals, errors, published numbers apart."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vla_gym.results import (
    Table,
    draw,
    load_results,
    main_table,
    markdown,
    markdown_table,
    notes,
    score_cell,
    summary_json,
    tables,
)
from vla_gym.results.fitting import Footnotes

Write = Callable[..., Path]
Make = Callable[..., Any]
PUBLISHED = {
    "label": "them",
    "values": {"1": 0.98, "avg_len": 2.5},
    "source": "a paper",
    "verified": False,
}


def test_our_row_has_n_and_intervals_and_published_rows_stand_apart(write: Write) -> None:
    table = main_table([load_results(write(published=(PUBLISHED,)))])
    ours, theirs = table.sections
    assert table.columns == ("policy", "n", "1", "2", "3", "average length")
    assert ours[0][:3] == ("guess", "4", "75.0 [30.1, 95.4]")
    assert ours[0][5].startswith("1.50 [")
    assert theirs[0][2:6] == ("98.0", "-", "-", "2.50")
    assert theirs[0][0] == "them [1]"
    assert table.footnotes == ("[1] a paper (unverified, not comparable)",)


def test_errors_and_missing_episodes_are_shown(write: Write, make_episode: Make) -> None:
    records = [make_episode(0, [True]), make_episode(1, [], error="Traceback\nOSError: gone")]
    results = load_results(write(records))
    assert main_table([results]).sections[0][0][1] == "2 (1 errors)"
    lines = notes(results)
    assert "incomplete: 2 of 4 episodes (the same command again goes on)" in lines
    assert "  episode 1: OSError: gone" in lines


def test_the_success_rule_and_the_protocol_are_named(write: Write) -> None:
    results = load_results(write())
    assert notes(results)[0] == f"success rule: first; protocol {results.protocol_hash}"


def test_rows_with_one_verdict_share_a_line(write: Write) -> None:
    lines = notes(load_results(write(published=(PUBLISHED, {**PUBLISHED, "label": "others"}))))
    assert "them, others: not comparable: the protocol of the number is not known" in lines


def test_a_zero_score_says_what_looks_wrong(write: Write, make_episode: Make) -> None:
    records = [make_episode(0, [False], diagnosis=("robot_did_not_move",))]
    lines = notes(load_results(write(records)))
    assert "nothing succeeded; what looks wrong:" in lines
    assert any("the robot did not move" in line for line in lines)
    silent = notes(load_results(write([make_episode(0, [False])], name="silent")))
    assert any("nothing looked wrong" in line for line in silent)


def test_tasks_have_a_row_a_group_and_one_over_all(write: Write, make_episode: Make) -> None:
    records = [make_episode(i, [i > 0], group="ab"[i % 2]) for i in range(4)]
    results = load_results(write(records, table="tasks", chain_length=1))
    main, groups = tables(results)
    assert main.columns == ("policy", "n", "a", "b", "all")
    assert [row[0] for section in groups.sections for row in section] == ["a", "b", "all"]
    assert score_cell(results).startswith("success 75.0 [")


def test_many_groups_do_not_make_a_table_that_nobody_can_read(
    write: Write, make_episode: Make
) -> None:
    records = [make_episode(i, [True], group=f"g{i}") for i in range(20)]
    table = main_table([load_results(write(records, table="tasks", chain_length=1))])
    assert table.columns == ("policy", "n", "all")


def test_tables_are_drawn_with_text_that_looks_like_markup(
    write: Write, make_episode: Make
) -> None:
    folder = write(identity={"policy": {"name": "[red]p|q[/red]"}, "suite": {"name": "[b]"}})
    results = load_results(folder)
    stream = io.StringIO()
    for table in tables(results):
        draw(Console(file=stream, width=160), table)
    assert "[red]p|q[/red]" in stream.getvalue()
    assert "[red]p\\|q[/red]" in markdown(results)


def test_markdown_rows_have_as_many_cells_as_columns(write: Write) -> None:
    text = markdown(load_results(write(published=(PUBLISHED,))))
    lines = text.split("\n\n")[1].splitlines()
    assert {line.count("|") for line in lines} == {7}


def test_json_holds_everything_and_no_nan(write: Write, make_episode: Make) -> None:
    results = load_results(write([], published=(PUBLISHED,)))
    text = json.dumps(summary_json(results), allow_nan=False)
    found = json.loads(text)
    assert found["summary"]["success"][0] == {
        "successes": 0,
        "n": 0,
        "rate": None,
        "interval": [0.0, 1.0],
    }
    assert found["published"][0]["comparable"] is False
    assert found["fingerprints"] == ["aa"]


def drawn(table: Table, width: int) -> list[str]:
    stream = io.StringIO()
    draw(Console(file=stream, width=width, color_system=None), table)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("metrics", [1, 6, 20])
def test_tables_fit_their_width_and_cut_no_number(width: int, metrics: int) -> None:
    names = tuple(f"metric {number}" for number in range(metrics))
    row = (
        "a policy with a name",
        *(f"{number}.5 [{number}.25, 100.0]" for number in range(metrics)),
    )
    lines = drawn(Table("a title", ("policy", *names), ((row,),)), width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert all(f"{number}.5" in text and f"[{number}.25," in text for number in range(metrics))
    assert "\u2026" not in text


def test_what_a_table_refers_to_stands_below_it_and_can_be_copied() -> None:
    note = "[1] " + "a long source, " * 20 + "end"
    table = Table("t", ("policy", "n"), ((("them [1]", "3"),),), footnotes=(note,))
    assert drawn(table, 40)[-1] == note
    assert f"- {note}" in markdown_table(table)


def test_equal_footnotes_share_a_mark() -> None:
    notes = Footnotes()
    assert [notes.mark(text) for text in ("a", "b", "a", "")] == ["[1]", "[2]", "[1]", ""]
    assert notes.lines == ("[1] a", "[2] b")
