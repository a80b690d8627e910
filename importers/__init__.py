"""Imports data from other services. It may use every app; no app depends on it."""
