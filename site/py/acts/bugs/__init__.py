"""Find the bugs: wrong sentences of an earlier draft."""
