"""What a job looks like in JSON (CONTRACT section 3)."""

from typing import Any

from rest_framework import serializers

from jobs.models import LONGEST_ID, Outcome, State

ERROR_CODES = [code for code in Outcome.values if code not in (Outcome.CANCELLED, Outcome.SNOOZED)]


class JobErrorSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(ERROR_CODES)
    detail = serializers.CharField(help_text="A sentence for people.")


class JobSerializer(serializers.Serializer[Any]):
    job_id = serializers.CharField(max_length=LONGEST_ID, help_text="`<kind>:<key>`: the same event, the same job.")
    kind = serializers.CharField(max_length=60)
    state = serializers.ChoiceField(State.choices)
    attempt = serializers.IntegerField(min_value=0, help_text="How often it was tried.")
    max_attempts = serializers.IntegerField(min_value=1)
    created_at = serializers.DateTimeField()
    run_at = serializers.DateTimeField(help_text="Not before.")
    started_at = serializers.DateTimeField(allow_null=True, help_text="Of the latest attempt.")
    finished_at = serializers.DateTimeField(allow_null=True)
    cancel_requested_at = serializers.DateTimeField(allow_null=True, help_text="When it was asked to stop, running.")
    progress = serializers.JSONField(help_text="How far its latest attempt is, where the kind of job tells; else null.")
    result = serializers.JSONField(help_text="What the kind of job gives, null until then.")
    error = JobErrorSerializer(allow_null=True, help_text="Of the latest attempt that failed.")


# The columns that are read. `error` is made from error_code, because the column `error` is for staff
COLUMNS: tuple[str, ...] = (*(name for name in map(str, JobSerializer().fields) if name != "error"), "error_code")
