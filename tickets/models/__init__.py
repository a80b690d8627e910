from tickets.models.finding import Finding
from tickets.models.plan import Plan, Stage
from tickets.models.plan_event import PlanEvent
from tickets.models.source_file import SourceFile
from tickets.models.ticket import Ticket, TicketDependency

__all__ = ["Finding", "Plan", "PlanEvent", "SourceFile", "Stage", "Ticket", "TicketDependency"]
