"""Filters of tasks that a user has kept."""

from django.conf import settings
from django.db import models

from taskhub.owned import owned
from tasks.models.resource import Resource, ResourceQuerySet

LONGEST_QUERY = 2000  # characters


@owned("filters", "id", "name", "query", "created_at", "updated_at", "version")
class SavedFilter(Resource):
    resource = "filter"
    recorded = ("name", "query")
    sized = ("name", "query")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="filters", db_index=False
    )
    name = models.CharField(max_length=100)
    query = models.CharField(max_length=LONGEST_QUERY)  # as in an address: status=todo&sort=due

    objects = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "saved_filter"
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="saved_filter_created")]

    def __str__(self) -> str:
        return self.name
