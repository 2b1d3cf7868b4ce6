"""The one way in which building fails: a sentence for a person."""


class BuildError(Exception):
    """Something that stops the build, as one sentence (or one a line): what failed, why, and what to do."""
