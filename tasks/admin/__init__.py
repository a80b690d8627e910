"""What staff may see and correct of tasks. Django finds the pages by importing this."""

from tasks.admin.resources import CommentAdmin, LabelAdmin, ListAdmin, SavedFilterAdmin
from tasks.admin.task import TaskAdmin

__all__ = ["CommentAdmin", "LabelAdmin", "ListAdmin", "SavedFilterAdmin", "TaskAdmin"]
