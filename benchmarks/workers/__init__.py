"""What runs in the worker processes that `python -m benchmarks.jobs` compares. Each job does nothing."""
