"""What is alike in lists, labels, comments and saved filters."""

from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from events.models import Versioned


class ResourceQuerySet(models.QuerySet[Any]):
    def owned_by(self, user: models.Model) -> Self:
        return self.filter(owner=user.pk)


class Resource(Versioned):
    derived: ClassVar[tuple[str, ...]] = ("updated_at",)
    overhead = 100

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def new(cls, **fields: Any) -> Self:
        """Not written yet, but as it will be."""
        row = cls(**fields)
        row.follow()
        return row

    def follow(self) -> None:
        self.updated_at = self.created_at if self._state.adding else timezone.now()
