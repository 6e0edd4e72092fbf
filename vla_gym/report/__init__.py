"""What people look at: videos of rollouts and strips of them."""

from vla_gym.report.strip import rollout_strip, save_strip
from vla_gym.report.video import compose_frame, write_video

__all__ = ["compose_frame", "rollout_strip", "save_strip", "write_video"]
