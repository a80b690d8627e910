"""`manage.py jobs_scheduler` at a faster pace, in a process that knows the kinds of a run."""

from django.core.management import call_command

from devstack.chaos import celery_app  # noqa: F401 - sets up Django and registers the kinds

if __name__ == "__main__":
    call_command("jobs_scheduler", every=0.5)
