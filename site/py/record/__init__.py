"""What the learner has committed: facts, and where they are kept."""
