"""What this plugin brings. Keep it light: it is imported whenever vla_gym is."""

from vla_gym_robovlms.entries import BackboneEntry

from vla_gym.plugins import Entry, hookimpl


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return the backbones, each named by import string and imported on use."""
    target = "vla_gym_template_backbone.backbone:TemplateVlm"
    return [BackboneEntry(name="template-vlm", target=target, summary="a VLM of two layers")]
