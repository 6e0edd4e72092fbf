"""What this plugin brings. Keep it light: it is imported whenever vla_gym is."""

from vla_gym.plugins import Entry, PolicyEntry, hookimpl


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return everything, each named by import string and imported on use."""
    policy, options = (f"vla_gym_template.policy:Wave{what}" for what in ("Policy", "Options"))
    return [PolicyEntry("template-wave", policy, "waves the arm about", options=options)]
