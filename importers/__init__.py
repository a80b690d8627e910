"""Brings data along from other services. May use every app; no app knows it."""
