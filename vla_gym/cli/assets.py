"""``vla-gym assets``: official files, whether they are complete, and how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Look after the official asset files.")

Name = Annotated[str, typer.Argument(help="Collection (vla-gym assets list).")]


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the collections and how complete they are."""
    from vla_gym.assets import asset_manifest, asset_root, status
    from vla_gym.cli.console import print_json, print_lines, print_tables
    from vla_gym.plugins import AssetEntry
    from vla_gym.registry import registry
    from vla_gym.results import Table

    rows = []
    for name in registry().names(AssetEntry):
        manifest = asset_manifest(name)
        found = status(manifest)
        licences = ", ".join(sorted({up.licence for up in manifest.upstreams}))
        rows.append(
            {
                "name": name,
                "state": found.state,
                "files": f"{found.present}/{found.total}",
                "MB": f"{manifest.size / 1e6:.1f}",
                "licence": licences,
                "summary": registry().get(AssetEntry, name).entry.summary,
            }
        )
    if as_json:
        print_json(rows)
        return
    columns = ("name", "state", "files", "MB", "licence", "summary")
    cells = tuple(tuple(row[column] for column in columns) for row in rows)
    print_tables([Table(f"assets in {asset_root()}", columns, (cells,), text=True)])
    incomplete = [row["name"] for row in rows if row["state"] != "complete"]
    print_lines(f"{name}: vla-gym assets fetch {name} [--from DIR]" for name in incomplete)


@app.command("fetch")
def fetch_command(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Copy from this directory instead of cloning the upstream."),
    ] = None,
) -> None:
    """Get what is missing and verify it."""
    from vla_gym.assets import asset_manifest, asset_root, fetch
    from vla_gym.cli.console import errors, print_lines

    def report(line: str) -> None:
        errors().print(line, markup=False)

    copied = fetch(asset_manifest(name), source=source, report=report)
    print_lines([f"{name} is complete in {asset_root()} ({copied} files were copied)"])


@app.command("verify")
def verify_command(name: Name) -> None:
    """Read every file and compare it with the manifest."""
    from vla_gym.assets import asset_manifest, asset_root, verify
    from vla_gym.cli.console import print_lines

    manifest = asset_manifest(name)
    verify(manifest)
    print_lines([f"{name} is complete and right: {len(manifest.files)} files in {asset_root()}"])


@app.command("path")
def path_command() -> None:
    """Print the directory of the assets (VLA_GYM_ASSETS overrides it)."""
    from vla_gym.assets import asset_root
    from vla_gym.cli.console import print_lines

    print_lines([str(asset_root())])
