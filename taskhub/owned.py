"""What is kept about a user. Each model that belongs to one says so; export and deletion of accounts go by it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=type[Model])


@dataclass(frozen=True)
class Owned:
    """Rows of a model whose `owner` is a user."""

    model: type[Model]
    columns: tuple[str, ...]  # that an export shows; secrets and their hashes are none
    deleted: Q  # which of them go with the account, in steps. What is left goes as the foreign key says
    last: bool = False  # rows of other tables refer to them, and go before

    def rows(self, owner_id: Any) -> QuerySet[Any]:
        """In no order, which would have all of them sorted."""
        return self.model._base_manager.filter(owner=owner_id).order_by()

    def to_delete(self, owner_id: Any) -> QuerySet[Any]:
        return self.rows(owner_id).filter(self.deleted)


tables: dict[str, Owned] = {}  # by the name that an export gives them


def owned(name: str, *columns: str, deleted: Q | None = None, last: bool = False) -> Callable[[M], M]:
    """Decorates a model with an `owner`. Raises ValueError for a name that is taken."""

    def declare(model: M) -> M:
        if name in tables:
            raise ValueError(f"{name} is taken by {tables[name].model.__name__}.")
        tables[name] = Owned(model, columns, Q() if deleted is None else deleted, last)
        return model

    return declare
