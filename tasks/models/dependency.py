"""Which task needs which other one to be done first."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from taskhub.owned import owned

MOST_NEEDS = 100  # of a task


@owned("dependencies", "task_id", "needs_id", "created_at")
class Dependency(models.Model):
    """While a task needs one that is neither done, cancelled nor deleted, it is `blocked`: triggers see to that."""

    pk = models.CompositePrimaryKey("task_id", "needs_id")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.ForeignKey(
        "tasks.Task", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    needs = models.ForeignKey(
        "tasks.Task", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "task_dependency"
        constraints = [
            models.CheckConstraint(name="task_dependency_of_two", condition=~models.Q(task=models.F("needs"))),
        ]
        indexes = [
            models.Index(fields=["owner", "task", "-created_at", "-needs"], name="task_dependency_created"),
            models.Index(fields=["needs"], name="task_dependency_needs"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} needs {self.needs_id}"
