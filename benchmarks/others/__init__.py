"""The same API as a team would write it with another framework, on TaskHub's tables (benchmarks/programs.py)."""
