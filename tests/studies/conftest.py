"""A small training and folders of one's own, as in the tests of runs."""

from tests.runs.conftest import finished, mine, own_folders, tiny

__all__ = ["finished", "mine", "own_folders", "tiny"]
