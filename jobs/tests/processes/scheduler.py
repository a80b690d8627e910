"""`manage.py jobs_scheduler`, in a process that also knows the kinds of the tests."""

from django.core.management import call_command

from jobs.tests.processes import celery_app  # noqa: F401 - sets up Django and registers the kinds

if __name__ == "__main__":
    call_command("jobs_scheduler")
