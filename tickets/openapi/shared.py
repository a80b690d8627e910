"""Examples that several operations have."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from taskhub.api.openapi import (
    IF_MATCH,
    answer_header,
)
from taskhub.api.problems import PreconditionFailed
from tasks.openapi.resources import TIMES
from tasks.openapi.shared import EXAMPLE_ID, OTHER_ID, id_parameter
from tickets.models import Stage
from tickets.services import WrongStage


def by(index: str) -> dict[str, list[str]]:
    """The index that serves a filter."""
    return {"x-index": [index]}


PLAN = {
    "id": EXAMPLE_ID,
    "site_name": "Museum of the town",
    "site_description": "The new site of the museum.",
    "target": "tasks",
    "generator": "builtin",
    "granularity": "entity",
    "stage": "upload",
    "completed_at": None,
    **TIMES,
}
CHECK = {"state": "failed", "blocking": 3, "warnings": 1}
FILE = {
    "id": EXAMPLE_ID,
    "name": "Bundles.csv",
    "type": "bundles",
    "confidence": "high",
    "size": 8210,
    "rows": 95,
    "skipped_rows": 4,
    "headers": ["Name", "Machine name", "Type"],
    "references": [],
    "notes": [],
    **TIMES,
}
FINDING = {
    "id": EXAMPLE_ID,
    "number": 1,
    "phase": "references",
    "severity": "blocking",
    "code": "missing_reference",
    "file": OTHER_ID,
    "file_name": "Fields.csv",
    "ticket": None,
    "row": 7,
    "column": "Bundle",
    "value": "Exhibtion (Content type)",
    "message": "Bundle names nothing that there is: Exhibtion (Content type).",
    "suggestions": ["exhibition", "event"],
}
CSV_TYPES = {
    "items": [
        {
            "type": "user_roles",
            "label": "User Roles",
            "group": "User Roles",
            "identity": ["machine_name"],
            "columns": [
                {
                    "name": "machine_name",
                    "headers": ["Machine name"],
                    "required": True,
                    "rule": "machine_name",
                    "choices": [],
                }
            ],
            "references": [],
        }
    ]
}
ROW = "Name,Machine name,Type\nNews,news,Content type\n"
IN_A_FILE = "severity,phase,code,file_name,row,column,value,message,suggestions\r\n"
GROUP = {"file": "Fields.csv", "phase": "references", "code": "missing_reference", "severity": "blocking", "number": 3}
CHECKED = {"ok": False, "blocking": 3, "warnings": 1, "entities": 641, "groups": [GROUP]}
EVENT = {
    "kind": "file_added",
    "actor": "alice",
    "data": {"file": EXAMPLE_ID, "name": "Bundles.csv", "type": "bundles", "rows": 95},
    "request_id": "0f6c1f9cbf4f4a6f8f3a9f5d2c7b1e4a",
    "created_at": TIMES["created_at"],
}
LATE = WrongStage(Stage.REVIEW, [Stage.UPLOAD])
PLAN_ID = id_parameter("plan_id", "A plan")
LOST = {"tickets": 1, "dependencies": 0}
BEGUN = OpenApiResponse(
    {
        "type": "object",
        "title": "Begun",
        "required": ["job_id"],
        "properties": {"job_id": {"type": "string"}},
    },
    description="A job does it.",
    examples=[OpenApiExample("A job", {"job_id": f"plan_generate:{EXAMPLE_ID}:1"})],
)
STEP = [id_parameter("id", "A plan"), IF_MATCH, answer_header("Location", 202, "The path of the job.")]
STEP_PROBLEMS = [LATE, PreconditionFailed(4, ["site_name"], {**PLAN, "version": 4})]
TICKET = {
    "id": EXAMPLE_ID,
    "group": "Content",
    "position": 1,
    "title": "Content type: News",
    "ready": False,
    "sprint": "",
    "assignee": "",
    "notes": "",
    "task": None,
    **TIMES,
}
TICKET_DETAIL = {
    **TICKET,
    "description": "As an editor I need the content type **News**, so that I can enter and reuse this kind of content.",
    "sources": [{"file": "Bundles.csv", "rows": [3]}, {"file": "Fields.csv", "rows": [2, 3, 7]}],
}
DEPENDENCY = {"id": EXAMPLE_ID, "ticket": EXAMPLE_ID, "needs": OTHER_ID, "origin": "inferred"}
