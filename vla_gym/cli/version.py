"""``vla-gym version``: what is installed."""

from __future__ import annotations


def version_command() -> None:
    """Print the versions of vla-gym, Python and all plugins."""
    import platform

    import vla_gym
    from vla_gym.cli.console import print_lines
    from vla_gym.registry import registry

    plugins = sorted({plugin.distribution for plugin in registry().plugins})
    own = f"vla-gym {vla_gym.__version__}"
    others = [plugin for plugin in plugins if plugin != own]
    print_lines([own, f"python {platform.python_version()}", *others])
