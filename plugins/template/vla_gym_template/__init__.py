"""What this plugin brings. Keep it light: it is imported whenever vla_gym is."""

from vla_gym.plugins import PolicyEntry, hookimpl


@hookimpl
def vla_gym_register_policies() -> list[PolicyEntry]:
    """Return the policies, each named by import string and imported on use."""
    target = "vla_gym_template.policy:WavePolicy"
    return [PolicyEntry(name="template-wave", target=target, summary="waves the arm about")]
