"""`celery -A benchmarks.workers.bare`: Celery alone, with the settings of TaskHub's workers.

It keeps no record of what is done, so each process writes the moment to a file: two microseconds of its own.
"""

import os
import time
from functools import cache
from io import FileIO
from pathlib import Path
from struct import Struct

from celery import Celery

RECORD = Struct("=qd")  # number of the job, seconds since 1970

app = Celery("bare", broker=os.environ["REDIS_URL"])
app.conf.update(
    broker_transport_options={"visibility_timeout": 600},
    task_acks_late=True,
    task_default_queue="bare",
    task_ignore_result=True,
    task_soft_time_limit=40,
    task_time_limit=50,
    worker_max_memory_per_child=256 * 1024,
    worker_prefetch_multiplier=1,
)


@app.task
def noop(number: int) -> None:
    record().write(RECORD.pack(number, time.time()))


@cache
def record() -> FileIO:
    return FileIO(Path(os.environ["TASKHUB_HOME"]) / f"done-{os.getpid()}", "a")


def recorded(home: Path) -> dict[int, float]:
    """When each job was done."""
    return dict(entry for path in home.glob("done-*") for entry in RECORD.iter_unpack(path.read_bytes()))
