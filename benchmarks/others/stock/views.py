from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.decorators import api_view, permission_classes
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer, ReadOnlyField
from rest_framework.viewsets import ModelViewSet

from benchmarks.others.stock.models import Task


class TaskSerializer(ModelSerializer):
    owner = ReadOnlyField(source="owner.username")

    class Meta:
        model = Task
        fields = ("id", "title", "description", "owner", "status", "completed_at", "created_at", "updated_at")
        read_only_fields = ("completed_at",)


class TaskPagination(CursorPagination):
    ordering = "-created_at"
    page_size = 20
    page_size_query_param = "limit"


class TaskViewSet(ModelViewSet):
    serializer_class = TaskSerializer
    pagination_class = TaskPagination

    def get_queryset(self) -> QuerySet:
        return Task.objects.filter(owner=self.request.user).select_related("owner")

    def perform_create(self, serializer: TaskSerializer) -> None:
        serializer.save(owner=self.request.user)


@api_view(["GET"])
@permission_classes([AllowAny])
def health(request: Request) -> Response:
    return Response({"status": "ok", "app": "stock", "timestamp": timezone.now()})
