"""What this plugin brings. Keep it light: it is imported whenever vla_gym is."""

from vla_gym.plugins import Entry, EnvEntry, PolicyEntry, SuiteEntry, hookimpl

HERE = "vla_gym_template_env"


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return everything, each named by import string and imported on use."""
    return [
        EnvEntry(
            "TemplateArm-v0",
            f"{HERE}.env:ArmEnv",
            "a planar arm that reaches for spots",
            contract=f"{HERE}.env:contract",
            tasks=f"{HERE}.env:task_names",
        ),
        SuiteEntry(
            "template/reach",
            f"{HERE}.suite:reach",
            "every spot, several times",
            options=f"{HERE}.suite:ReachOptions",
        ),
        PolicyEntry("template-reacher", f"{HERE}.expert:Reacher", "goes straight to the spot"),
    ]
