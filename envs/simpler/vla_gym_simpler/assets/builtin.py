"""Own assets (to be filled)."""
class BuiltinAssets: kind="builtin"
