"""The FastAPI service of the same name, which this one replaces: docs/MOVING.md."""
