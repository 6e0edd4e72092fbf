"""What every SAPIEN environment needs, once: world, robots, arm control, cameras, overlay.

Environments are written against ``interface`` alone; ``sapien3`` is the engine behind it. Importing
this package imports no simulator.
"""

__version__ = "0.1.0"
