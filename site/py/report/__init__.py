"""What the learner takes along: the report, and the way to a real cluster."""
