"""SimplerEnv for vla_gym: WidowX + Bridge and Google Robot tasks.

Importing it imports no simulator; ``vla_gym_simpler.env.SimplerEnv`` is the environment.
"""

__version__ = "0.1.0"
