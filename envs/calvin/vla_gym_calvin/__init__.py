"""CALVIN for vla_gym: four tabletop scenes, 34 language tasks, chains of five.

Importing it imports no simulator; ``vla_gym_calvin.env.CalvinEnv`` is the environment.
"""

__version__ = "0.1.0"
