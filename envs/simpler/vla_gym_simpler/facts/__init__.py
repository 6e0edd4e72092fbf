"""Numbers of the benchmark, apart from all logic: robots, objects, tasks, published results.

Source of everything here, unless said otherwise: SimplerEnv (commit 4ab7178) and
ManiSkill2_real2sim (commit ef7a4d4), the official implementation.
"""

REAL2SIM_COMMIT = "ef7a4d4"
