from tasks.views.comments import CommentViewSet
from tasks.views.dependencies import DependencyViewSet
from tasks.views.filters import FilterViewSet
from tasks.views.labels import LabelViewSet
from tasks.views.lists import ListViewSet
from tasks.views.tasks import TaskViewSet

__all__ = ["CommentViewSet", "DependencyViewSet", "FilterViewSet", "LabelViewSet", "ListViewSet", "TaskViewSet"]
