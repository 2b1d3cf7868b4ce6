"""The words of the commands that start servers and test them, as their makers document them."""
