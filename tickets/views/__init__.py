from tickets.views.files import FileViewSet
from tickets.views.findings import FindingViewSet
from tickets.views.plans import PlanViewSet
from tickets.views.tickets import GroupOrder, TicketDependencyViewSet, TicketViewSet
from tickets.views.types import CsvTypes

__all__ = [
    "CsvTypes",
    "FileViewSet",
    "FindingViewSet",
    "GroupOrder",
    "PlanViewSet",
    "TicketDependencyViewSet",
    "TicketViewSet",
]
