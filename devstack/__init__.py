"""Prepares and supervises TaskHub on a machine that has only Python. Standard library only."""


class DevstackError(Exception):
    """A foreseeable failure. Its text is the one sentence the user reads, `exit_code` is what the command returns."""

    exit_code = 1
