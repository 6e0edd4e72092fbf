"""Training policies on demonstrations: ``vla-gym train CONFIG``.

Any policy whose plugin entry names a ``trainer`` can be trained. Everything that a step depends on
(which windows, how they are augmented, the noise of the model) is a function of seed and step, so a
stopped training goes on to the same weights.
"""

from vla_gym.training.config import TrainConfig, load_train_config
from vla_gym.training.trainable import Samples, Trainable

__all__ = ["Samples", "TrainConfig", "Trainable", "load_train_config"]
