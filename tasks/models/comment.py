"""What is said about a task."""

from django.conf import settings
from django.db import models

from events.models import LONGEST_ACTOR
from taskhub.owned import owned
from tasks.models.resource import Resource, ResourceQuerySet

LONGEST_COMMENT = 10_000  # characters


@owned("comments", "id", "task_id", "author", "text", "created_at", "updated_at", "version")
class Comment(Resource):
    """Belongs to the owner of the task; `author` is who wrote it."""

    resource = "comment"
    recorded = ("text",)
    sized = ("text",)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comments", db_index=False
    )
    task = models.ForeignKey(
        "tasks.Task", on_delete=models.DO_NOTHING, related_name="comments", db_index=False, db_constraint=False
    )
    author = models.CharField(max_length=LONGEST_ACTOR, editable=False)  # the username at that time: it outlives users
    text = models.TextField(max_length=LONGEST_COMMENT)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "task_comment"
        constraints = [models.CheckConstraint(name="task_comment_not_blank", condition=~models.Q(text=""))]
        indexes = [
            models.Index(fields=["owner", "task", "-created_at", "-id"], name="task_comment_created"),
            models.Index(fields=["task"], name="task_comment_task"),  # when tasks are deleted for good
        ]

    def __str__(self) -> str:
        return self.text[:80]
