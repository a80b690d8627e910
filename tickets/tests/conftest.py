import pytest

from jobs.testing import drain
from tickets.models import Plan
from tickets.tests.spreadsheets import BUNDLES, FIELDS, bundles, fields, sheet

SMALL = {"Bundles.csv": sheet(BUNDLES, bundles(8)), "Fields.csv": sheet(FIELDS, fields(20, of=8))}


class Plans:
    """A client that works on one plan."""

    def __init__(self, client):
        self.client = client
        self.id = client.post("/plans", {"site_name": "Museum"}).json()["id"]
        self.path = f"/plans/{self.id}"

    def upload(self, bodies, expected=201):
        for name, body in bodies.items():
            answer = self.client.generic("POST", f"{self.path}/files?name={name}", body, content_type="text/csv")
            assert answer.status_code == expected, answer.json()
        return answer

    def post(self, what, body=None):
        return self.client.post(f"{self.path}/{what}", body or {})

    def get(self, what="", **query):
        return self.client.get(f"{self.path}/{what}".rstrip("/"), query).json()

    def generate(self):
        """To the stage review."""
        self.upload(SMALL)
        self.post("check")
        assert self.post("generate").status_code == 202
        assert set(drain("plan_generate").values()) == {"succeeded"}

    def make_ready(self):
        ids = [ticket["id"] for ticket in self.get("tickets", limit=100)["items"]]
        self.client.patch(f"{self.path}/tickets", {"ids": ids, "changes": {"ready": True}})
        assert self.post("validate").json()["ok"]

    @property
    def row(self):
        return Plan.objects.get(pk=self.id)


@pytest.fixture
def plan(alice_client):
    """Alice's."""
    return Plans(alice_client)
