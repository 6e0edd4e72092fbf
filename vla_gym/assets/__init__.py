"""The store of third-party files: where they lie, whether they are right, how they get there.

Official assets are never part of a package. They lie under one root (``VLA_GYM_ASSETS``, else a
per-user cache directory) at the upstream repositories' own paths; a manifest of sizes and SHA-256
says which files, from which commit, under which licence.
"""

from vla_gym.assets.checking import (
    AssetProblem,
    AssetStatus,
    asset_manifest,
    check_files,
    require,
    status,
    verify,
)
from vla_gym.assets.fetching import fetch
from vla_gym.assets.hashing import sha256
from vla_gym.assets.manifest import AssetFile, AssetManifest, Upstream, scan
from vla_gym.assets.roots import (
    ASSETS_VARIABLE,
    CACHE_VARIABLE,
    asset_root,
    cache_root,
    cached_file,
)

__all__ = [
    "ASSETS_VARIABLE",
    "CACHE_VARIABLE",
    "AssetFile",
    "AssetManifest",
    "AssetProblem",
    "AssetStatus",
    "Upstream",
    "asset_manifest",
    "asset_root",
    "cache_root",
    "cached_file",
    "check_files",
    "fetch",
    "require",
    "scan",
    "sha256",
    "status",
    "verify",
]
