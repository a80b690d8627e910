"""Wakes workers for the jobs that nobody has come for. Any number of sweepers may run at once."""

from jobs import claims
from jobs.failpoints import failpoint
from jobs.registry import kinds
from jobs.wakeups import wake


def sweep() -> dict[str, bool]:
    """The queues in which jobs are due, and whether a worker of each was woken, or will be by a message that waits."""
    due = claims.due(kinds())
    queues = sorted({kind.queue for kind in kinds() if kind.name in due})
    failpoint("sweep.found")
    return {queue: wake(queue) for queue in queues}
