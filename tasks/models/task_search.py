"""The words of tasks, for full-text search."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class TaskSearch(models.Model):
    """The words of a task's title, description and comments. Triggers keep it; tasks in the trash have none."""

    task = models.OneToOneField(
        "tasks.Task", on_delete=models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False
    )
    owner_id = models.UUIDField()
    document = SearchVectorField()

    class Meta:
        db_table = "task_search"
        indexes = [GinIndex(fields=["owner_id", "document"], name="task_search_document")]

    def __str__(self) -> str:
        return str(self.task_id)
