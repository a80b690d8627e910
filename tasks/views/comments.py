"""What is said about a task of the caller's."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts.authentication import user_of
from taskhub.api.conditions import answer, etag_of
from taskhub.api.views import caller_of, checks_caller
from tasks import openapi
from tasks.models import Comment, Task
from tasks.serializers import CommentSerializer, NewCommentSerializer
from tasks.views.resources import ResourceViewSet

OF_TASK = "EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND tasks.deleted_at IS NULL)"


@openapi.describe_comments
class CommentViewSet(ResourceViewSet):
    queryset = Comment.objects.none()
    model = Comment
    serializer_class = CommentSerializer
    new_serializer = NewCommentSerializer
    columns = ("id", "task_id AS task", "author", "text", "created_at", "updated_at", "version")
    only = OF_TASK

    def get_queryset(self) -> Any:
        task = {"task": self.kwargs["task_id"], "task__deleted_at": None}
        return Comment.objects.owned_by(user_of(self.request)).filter(**task)

    def where(self) -> dict[str, Any]:
        return {"task_id": self.kwargs["task_id"]}

    @checks_caller
    def list(self, request: Request, **kwargs: Any) -> HttpResponse:
        Task.objects.require(caller_of(request), self.kwargs["task_id"])
        response: HttpResponse = super().list(request, **kwargs)
        return response

    def create(self, request: Request, **kwargs: Any) -> HttpResponse:
        user = user_of(request)
        if not Task.objects.owned_by(user).filter(pk=self.kwargs["task_id"]).exists():
            raise NotFound
        fields = NewCommentSerializer(data=request.data).checked()
        comment = Comment.new(owner=user, task_id=self.kwargs["task_id"], author=user.username, **fields)
        comment.insert(self.caller, chosen="id" in request.data)
        location = {"Location": reverse("comment-detail", args=[comment.task_id, comment.pk])}
        return answer(request, etag_of(comment.version), lambda: CommentSerializer(comment).data, 201, location)
