"""One more act: what a request costs in a batch. It ships with no course; tests put it into a copy of the lab."""
