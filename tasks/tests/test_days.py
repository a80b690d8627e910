"""Days as their owner's clock has them: 23, 24 or 25 hours, and without a midnight where clocks skip it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasks.tests.factories import TaskFactory
from tasks.tests.test_filters import listed

TICK = timedelta(microseconds=1)
DAYS = [
    ("UTC", date(2026, 12, 1), 24),
    ("Europe/Vienna", date(2027, 3, 28), 23),
    ("Europe/Vienna", date(2026, 10, 25), 25),
    ("Africa/Cairo", date(2027, 4, 30), 23),  # from midnight to one
    ("Africa/Cairo", date(2026, 10, 29), 25),  # from midnight back to eleven in the evening
    ("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
    ("Asia/Kathmandu", date(2026, 12, 1), 24),
    ("Pacific/Kiritimati", date(2026, 12, 1), 24),
    ("Pacific/Pago_Pago", date(2026, 12, 1), 24),
]


def first_instant(day, zone):
    """Found by looking at the clock, quarter of an hour by quarter of an hour."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while moment.astimezone(ZoneInfo(zone)).date() < day:
        moment += timedelta(minutes=15)
    return moment


@pytest.fixture
def tasks(alice, request):
    """Due at the first and the last instant of a day and of those beside it, and on these days."""
    zone, day, hours = request.param
    alice.time_zone = zone
    alice.save()
    begins, ends = first_instant(day, zone), first_instant(day + timedelta(days=1), zone)
    assert ends - begins == timedelta(hours=hours)
    moments = {"just before": begins - TICK, "first": begins, "last": ends - TICK, "just after": ends}
    days = {"the day before": -1, "the day": 0, "the day after": 1}
    return {
        **{str(TaskFactory(owner=alice, due_at=moment).pk): name for name, moment in moments.items()},
        **{str(TaskFactory(owner=alice, due_date=day + timedelta(n)).pk): name for name, n in days.items()},
    }, day


@pytest.mark.parametrize("tasks", DAYS, indirect=True)
def test_what_is_due_before_a_day_was_due_when_it_began(alice_client, tasks):
    names, day = tasks

    assert {names[pk] for pk in listed(alice_client, due_before=str(day))} == {"just before", "the day before"}


@pytest.mark.parametrize("tasks", DAYS, indirect=True)
def test_what_is_due_after_a_day_is_due_when_it_has_ended(alice_client, tasks):
    names, day = tasks

    assert {names[pk] for pk in listed(alice_client, due_after=str(day))} == {"just after", "the day after"}


def test_who_moves_to_another_zone_sees_other_instants_on_a_day_and_the_same_days(alice, alice_client):
    evening = TaskFactory(owner=alice, due_at="2026-12-01T22:00:00Z")
    day = TaskFactory(owner=alice, due_date="2026-12-01")
    before = listed(alice_client, due_before="2026-12-02")
    alice_client.patch("/auth/me", {"time_zone": "Asia/Tokyo"})

    assert before == [str(day.pk), str(evening.pk)]
    assert listed(alice_client, due_before="2026-12-02") == [str(day.pk)]
    assert alice_client.get(f"/tasks/{evening.pk}").json()["due_at"] == "2026-12-01T22:00:00Z"
