"""Signals are only recorded here; each wait checks for them, so that nothing is left half done."""

import signal
from types import FrameType

from devstack import DevstackError

_received: list[int] = []


class Interrupted(DevstackError):
    """The user asked for an end while something was under way."""


def listen() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP no longer end this process by themselves."""
    signal.signal(signal.SIGINT, _remember)
    signal.signal(signal.SIGTERM, _remember)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, _remember)


def check() -> None:
    """Raise Interrupted once a signal has come."""
    if _received:
        raise Interrupted(f"stopped by {signal.Signals(_received[0]).name}")


def take() -> list[int]:
    """The signals since the last call, for passing them on."""
    taken, _received[:] = _received[:], []
    return taken


def are_urgent() -> bool:
    """Whether the user asked a second time."""
    return len(_received) > 1


def _remember(signum: int, _frame: FrameType | None) -> None:
    _received.append(signum)
