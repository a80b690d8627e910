"""What the OpenAPI document says about `/` and the probes."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema_view
from rest_framework import serializers

from taskhub.api.openapi import operation

NOW = "2026-11-21T08:30:00.123456Z"
ADDRESSES = OpenApiExample(
    "The front door",
    {"app": "TaskHub", "version": "1.0.0", "addresses": {"login": "/auth/login", "tasks": "/tasks/"}},
    response_only=True,
)
HEALTH = OpenApiExample(
    "Well",
    {"status": "ok", "app": "TaskHub", "version": "1.0.0", "timestamp": NOW, "uptime_seconds": 3600.5},
    response_only=True,
)
HEALTHY = {
    "status": "healthy",
    "timestamp": NOW,
    "database_connected": True,
    "response_time_ms": 1.25,
    "migration_status": "up_to_date",
    "connection_pool": {"active_connections": 4, "pool_size": 4},
    "errors": [],
}
UNHEALTHY = {
    **HEALTHY,
    "status": "unhealthy",
    "database_connected": False,
    "response_time_ms": None,
    "migration_status": "unknown",
    "connection_pool": {"active_connections": None, "pool_size": 4},
    "errors": ["database_unavailable"],
}
READY = {"status": "ready", "broker": "ok", "rate_limits": "shared", "errors": []}
NOT_READY = {"status": "not_ready", "broker": "ok", "rate_limits": "shared", "errors": ["draining"]}


class AddressesSerializer(serializers.Serializer[Any]):
    app = serializers.CharField()
    version = serializers.CharField()
    addresses = serializers.DictField(child=serializers.CharField())


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok"])
    app = serializers.CharField()
    version = serializers.CharField()
    timestamp = serializers.DateTimeField()
    uptime_seconds = serializers.FloatField(min_value=0)


class ConnectionPoolSerializer(serializers.Serializer[Any]):
    active_connections = serializers.IntegerField(min_value=0, allow_null=True, help_text="Of this database user, now.")
    pool_size = serializers.IntegerField(min_value=1, help_text="Server processes times threads.")


class DatabaseHealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["healthy", "degraded", "unhealthy"])
    timestamp = serializers.DateTimeField()
    database_connected = serializers.BooleanField()
    response_time_ms = serializers.FloatField(min_value=0, allow_null=True)
    migration_status = serializers.ChoiceField(["up_to_date", "pending", "unknown"])
    connection_pool = ConnectionPoolSerializer()
    errors = serializers.ListField(  # type: ignore[assignment] # nobody uses a serializer's own `errors` here
        child=serializers.ChoiceField(["database_unavailable", "migrations_pending"])
    )


class LivenessSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["alive"])


class ReadinessSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ready", "not_ready"])
    broker = serializers.ChoiceField(["ok", "unavailable"], help_text="Without it, jobs wait and all else goes on.")
    rate_limits = serializers.ChoiceField(
        ["shared", "local"], help_text="Whether Redis counts, or each process by itself while it does not answer."
    )
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.ChoiceField(["database_unavailable", "migrations_pending", "draining"])
    )


def answer_with(serializer: type[serializers.Serializer[Any]], name: str, example: dict[str, Any]) -> OpenApiResponse:
    return OpenApiResponse(serializer, name, examples=[OpenApiExample(name, example)])


describe_root = extend_schema_view(
    get=operation(
        "getAddresses",
        "Find the way around",
        "A browser is redirected to `/docs`; a program gets the addresses.",
        responses={200: AddressesSerializer, 302: OpenApiResponse(description="For browsers, to `/docs`.")},
        examples=[ADDRESSES],
    )
)
describe_health = extend_schema_view(
    get=operation("getHealth", "Health", "Touches nothing.", responses=HealthSerializer, examples=[HEALTH])
)
describe_database_health = extend_schema_view(
    get=operation(
        "getDatabaseHealth",
        "Health of the database",
        "Answers within five seconds, whatever the database does.",
        responses={
            200: answer_with(DatabaseHealthSerializer, "Healthy", HEALTHY),
            503: answer_with(DatabaseHealthSerializer, "Unhealthy or degraded", UNHEALTHY),
        },
    )
)
describe_liveness = extend_schema_view(
    get=operation(
        "getLiveness",
        "Whether the process lives",
        "Touches nothing.",
        responses={200: answer_with(LivenessSerializer, "Alive", {"status": "alive"})},
    )
)
describe_readiness = extend_schema_view(
    get=operation(
        "getReadiness",
        "Whether to send requests here",
        "The database answers, its migrations are applied, and the server is not about to stop.",
        responses={
            200: answer_with(ReadinessSerializer, "Ready", READY),
            503: answer_with(ReadinessSerializer, "Not ready", NOT_READY),
        },
    )
)
