"""Where robots, objects, rooms and photographs come from: official files or our own."""

from vla_gym_simpler.assets.choice import KINDS, asset_set, resolve_kind
from vla_gym_simpler.assets.model import AssetSet

__all__ = ["KINDS", "AssetSet", "asset_set", "resolve_kind"]
