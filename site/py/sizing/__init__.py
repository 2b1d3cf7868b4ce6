"""How many GPUs of which kind a question of traffic and promises takes, and what they cost."""
