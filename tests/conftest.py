"""For every test: an example may take as long as a busy machine needs; how fast something is, the benchmark says."""

from hypothesis import settings

settings.register_profile("lab", deadline=None)
settings.load_profile("lab")
