"""Each number that the docs claim, with the command that makes it. Run from the checkout, in devstack's .venv."""
