import hashlib

import factory
from factory.django import DjangoModelFactory

from accounts.tests.factories import UserFactory
from tickets.models import Plan, SourceFile, Ticket, TicketDependency


class PlanFactory(DjangoModelFactory):
    owner = factory.SubFactory(UserFactory)
    site_name = "Museum"

    class Meta:
        model = Plan


class OfPlan(DjangoModelFactory):
    plan = factory.SubFactory(PlanFactory)
    owner = factory.SelfAttribute("plan.owner")

    class Meta:
        abstract = True


class FileFactory(OfPlan):
    name = factory.Sequence(lambda n: f"Bundles{n}.csv")
    sha256 = factory.LazyAttribute(lambda file: hashlib.sha256(file.name.encode()).hexdigest())
    bytes = 40
    csv_type = "bundles"
    confidence = 1.0
    headers = ("Name", "Machine name", "Type")
    rows = ((2, ("News", "news", "Content type")),)
    row_count = 1
    skipped_rows = 0

    class Meta:
        model = SourceFile


class TicketFactory(OfPlan):
    source_key = factory.Sequence(lambda n: f"bundles:content type/bundle_{n}")
    group_name, group_place = "Content", 0
    position = factory.Sequence(lambda n: n + 1)
    title = "Content type: News"
    description = "As an editor I need it."
    sources = ({"file": "Bundles.csv", "rows": [2]},)

    class Meta:
        model = Ticket


class TicketDependencyFactory(OfPlan):
    plan = factory.SelfAttribute("ticket.plan")
    ticket = factory.SubFactory(TicketFactory)
    needs = factory.SubFactory(TicketFactory, plan=factory.SelfAttribute("..ticket.plan"))
    origin = "manual"

    class Meta:
        model = TicketDependency
