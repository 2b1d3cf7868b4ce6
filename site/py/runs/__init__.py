"""What the physics is asked: a configuration's run, a question's answer, sweeps and replays, as jobs."""
