"""Policies x suites in one call: a file says which, each pair is a run that resumes."""

from vla_gym.grid.config import Matrix, load_matrix
from vla_gym.grid.run import MatrixResults, MatrixRow, matrix

__all__ = ["Matrix", "MatrixResults", "MatrixRow", "load_matrix", "matrix"]
