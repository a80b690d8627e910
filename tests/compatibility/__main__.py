"""`python -m tests.compatibility`: freezes docs/openapi.json, without what is there for people only.

To be run when a version of the API is released, so that its clients can rely on what it brought.
"""

import json
from pathlib import Path

from tests.compatibility.changes import breaking_changes

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.json"
FROZEN = Path(__file__).with_name("version-1.openapi.json")
FOR_PEOPLE = ("description", "summary", "example", "examples", "tags", "x-index")


def without_words(part, names=False):
    """`names`: its keys are names of fields, not words of the format."""
    if isinstance(part, list):
        return [without_words(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: without_words(value, key == "properties" and not names)
        for key, value in part.items()
        if names or key not in FOR_PEOPLE
    }


def main():
    new = json.loads(DOCUMENT.read_text())
    if FROZEN.exists() and (broken := breaking_changes(json.loads(FROZEN.read_text()), new)):
        raise SystemExit("\n".join(["This breaks clients, and is not frozen:", *broken]))
    FROZEN.write_text(json.dumps(without_words(new), indent=1) + "\n")


if __name__ == "__main__":
    main()
