from tasks.models.comment import Comment
from tasks.models.dependency import Dependency
from tasks.models.label import Label, TaskLabel
from tasks.models.saved_filter import SavedFilter
from tasks.models.task import Priority, Status, Task
from tasks.models.task_list import TaskList
from tasks.models.task_search import TaskSearch

__all__ = [
    "Comment",
    "Dependency",
    "Label",
    "Priority",
    "SavedFilter",
    "Status",
    "Task",
    "TaskLabel",
    "TaskList",
    "TaskSearch",
]
