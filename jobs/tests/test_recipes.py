"""The recipe of docs/jobs.md, carried out as it is printed there."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from jobs import registry
from jobs.models import Job
from jobs.registry import Kind, Snooze, handler
from jobs.services import New, enqueue, enqueue_many, look
from jobs.testing import drain


@pytest.fixture
def recipe(monkeypatch):
    """Registers the kinds for one test. The part 2 fails as often as it may."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))

    def part(job):
        if job.payload["n"] == 2:
            raise ValueError("no")

    registry.register(Kind("export_part", part, max_attempts=2))
    text = (settings.BASE_DIR / "docs" / "jobs.md").read_text()
    (code,) = re.findall(r"```python\n(@handler\(\"export\"\).*?)```", text, re.DOTALL)
    names = {"handler": handler, "enqueue": enqueue, "enqueue_many": enqueue_many, "New": New, "look": look}
    exec(code, {**names, "Snooze": Snooze})  # noqa: S102 - what our own document says


def test_the_parts_of_an_export_have_one_completion_that_waits_for_the_last(db, recipe):
    enqueue("export", "42", {"id": "42", "parts": 4})
    came = drain()
    assert came["export_done:42"] == "snoozed"
    assert [seen.state for seen in look("export_part:42:")] == ["succeeded", "succeeded", "queued", "succeeded"]

    for _ in range(2):
        Job.objects.filter(state="queued").update(run_at=timezone.now() - timedelta(seconds=1))
        came = drain()
    assert came["export_done:42"] == "succeeded"
    assert look("export_done:42")[0].result == {"failed": ["export_part:42:2"]}
