"""The filters that the caller has kept."""

from tasks import openapi
from tasks.models import SavedFilter
from tasks.serializers import FilterSerializer, NewFilterSerializer
from tasks.views.resources import ResourceViewSet


@openapi.describe_filters
class FilterViewSet(ResourceViewSet):
    queryset = SavedFilter.objects.none()
    model = SavedFilter
    serializer_class = FilterSerializer
    new_serializer = NewFilterSerializer
    columns = ("id", "name", "query", "created_at", "updated_at", "version")
