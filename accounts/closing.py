"""The end of an account: closed at once, deleted in steps that hold no lock for long."""

from typing import Any

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.client import Client
from accounts.models import SecurityEvent, User
from events.models import Actor
from jobs.running import prune
from jobs.services import cancel_all, enqueue
from taskhub.api.problems import Problem
from taskhub.owned import tables


class StaffAccount(Problem):
    status_code = 409
    default_code = "staff_account"
    default_detail = "This account has rights in the admin. Another superuser has to take them away first."


def close(user: User, actor: Actor, client: Client) -> None:
    """The caller holds the row of the user, in a transaction. Raises StaffAccount."""
    if user.is_staff or user.is_superuser:
        raise StaffAccount
    cancel_all(user)
    # Without an owner, or it would delete itself; and another one if staff activates the account in between
    enqueue("account_deletion", f"{user.pk}:{uuid7()}", {"user_id": str(user.pk)})
    SecurityEvent.objects.record(SecurityEvent.Kind.CLOSED, user.pk, client)
    user.change(actor, is_active=False)


def delete(job: Any, user_id: str) -> dict[str, Any]:
    """Deletes a closed account, and all that it owns. If staff has activated it again, it stays."""
    if User.objects.filter(pk=user_id, is_active=True).exists():
        return {"deleted": False, "reason": "active_again"}
    counts = dict.fromkeys(tables, 0)
    for name, table in sorted(tables.items(), key=lambda item: item[1].last):
        while pruned := prune(job, table.to_delete(user_id)):
            counts[name] += pruned
    with transaction.atomic():
        found = User.objects.select_for_update().filter(pk=user_id, is_active=False)
        gone = [user.delete() for user in found]  # with what came meanwhile
    return {"deleted": bool(gone), **counts}
