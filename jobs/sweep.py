"""Wakes workers for jobs that are due and unclaimed. Any number of sweeps may run at once."""

from jobs import claims
from jobs.failpoints import failpoint
from jobs.registry import kinds
from jobs.wakeups import wake


def sweep() -> dict[str, bool]:
    """The queues in which jobs are due, and for each whether the broker holds a wake-up now."""
    due = claims.due(kinds())
    queues = sorted({kind.queue for kind in kinds() if kind.name in due})
    failpoint("sweep.found")
    return {queue: wake(queue) for queue in queues}
