"""What a run found: statistics, tables, published numbers beside ours.

Everything here reads the records of a run directory and nothing else, so a finished (or a broken
off) run can be reported again at any time.
"""

from vla_gym.results.comparison import (
    Published,
    differences,
    fingerprints,
    protocol_differences,
    published_rows,
)
from vla_gym.results.load import Results, load_results, make_results
from vla_gym.results.render import draw, markdown, markdown_table, rich_table, summary_json
from vla_gym.results.rescore import score
from vla_gym.results.summary import Estimate, Summary
from vla_gym.results.table import Table
from vla_gym.results.tables import main_table, notes, score_cell, tables

__all__ = [
    "Estimate",
    "Published",
    "Results",
    "Summary",
    "Table",
    "differences",
    "draw",
    "fingerprints",
    "load_results",
    "main_table",
    "make_results",
    "markdown",
    "markdown_table",
    "notes",
    "protocol_differences",
    "published_rows",
    "rich_table",
    "score",
    "score_cell",
    "summary_json",
    "tables",
]
