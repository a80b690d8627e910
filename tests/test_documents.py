"""What the documents name is there: files, links, tests, commands, settings, tables."""

import ast
import json
import re
from functools import cache

import django
import pytest
from django.apps import apps
from django.core.management import get_commands

from devstack.binaries import OLDEST_POSTGRES
from devstack.service import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GUIDES = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST = re.compile(r"([\w./]+\.py)::(\w+)")
FILE = re.compile(r"\.?[\w-][\w.-]*(?:/[\w.-]+)*\.(?:py|md|txt|in|toml|ini|yml|yaml|html|sh|json|example)")
SETTING = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
MANAGE = re.compile(r"(?:manage\.py|devstack manage) ([a-z]\w*)")
DEVSTACK = re.compile(r"python3? -m devstack (\w+)")
MODULE = re.compile(r"python3? -m ((?:taskhub|benchmarks|tests)[\w.]*)")
ENTITY = re.compile(r"^    (\w+) \{\n(.*?)^    \}", re.MULTILINE | re.DOTALL)
RELATION = re.compile(r"^    (\w+) [|}o]{2}--[|{o]{2} (\w+) :", re.MULTILINE)
LONGEST = {"README.md": 120, "ARCHITECTURE.md": 200}  # lines

each_document = pytest.mark.parametrize("document", GUIDES, ids=lambda path: path.name)


def spans(document):
    """What is set as code within the sentences."""
    return SPAN.findall(FENCE.sub("", document.read_text(encoding="utf-8")))


def sources():
    """All that is ours, without what was made from it."""
    made = {".venv", ".taskhub", ".git", "node_modules"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts)]


@cache
def names_of_files():
    return {path.name for path in sources()}


@cache
def words_of_the_code():
    code = (".py", ".yml", ".yaml", ".example", ".in")
    return {word for path in sources() if path.suffix in code for word in SETTING.findall(path.read_text())}


@cache
def functions_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@cache
def headings_of(path):
    """As GitHub makes anchors of them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def leads_somewhere(document, target):
    if re.match(r"[a-z]+:", target):
        return True  # another site
    path, _, anchor = target.partition("#")
    there = (document.parent / path).resolve() if path else document
    return there.exists() and (not anchor or anchor in headings_of(there))


def is_there(name):
    """A path from the root, or a name that some file has."""
    if FILE.fullmatch(name):
        return (ROOT / name).exists() if "/" in name else name in names_of_files()
    first = name.partition("/")[0]
    return "/" not in name or not (ROOT / first).is_dir() or (ROOT / name).exists()


@each_document
def test_every_link_leads_somewhere(document):
    targets = LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8")))

    assert [target for target in targets if not leads_somewhere(document, target)] == []


@each_document
def test_every_file_it_names_is_there(document):
    named = [
        span for span in spans(document) if re.fullmatch(r"[\w./-]+", span) and not span.startswith((".venv", "/"))
    ]

    assert [name for name in named if not is_there(name)] == []


@each_document
def test_every_test_it_names_is_there(document):
    named = TEST.findall(" ".join(spans(document)))

    assert [
        f"{path}::{test}" for path, test in named if not (ROOT / path).exists() or test not in functions_in(path)
    ] == []


@each_document
def test_every_setting_it_names_is_there(document):
    assert {word for span in spans(document) for word in SETTING.findall(span)} - words_of_the_code() == set()


@each_document
def test_every_command_it_names_is_there(document):
    text = document.read_text(encoding="utf-8")
    devstack = functions_in("devstack/commands.py")
    modules = [module.replace(".", "/") for module in MODULE.findall(text)]

    assert set(MANAGE.findall(text)) - get_commands().keys() == set()
    assert set(DEVSTACK.findall(text)) - devstack == set()
    assert [module for module in modules if not list(ROOT.glob(f"{module}.py")) and not (ROOT / module).is_dir()] == []


@pytest.mark.parametrize("name", ["SECURITY.md", "FAILURE_MODES.md"])
def test_each_row_names_the_test_that_shows_it_or_says_that_there_is_none(name):
    rows = re.findall(r"^\| .*\|$", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.MULTILINE)
    rows = [row for row in rows if not row.endswith("| test |")]

    assert len(rows) > 10
    assert [row for row in rows if not TEST.search(row) and "none yet" not in row] == []


@pytest.mark.parametrize("name", LONGEST)
def test_it_is_short_enough_to_be_read(name):
    (document,) = (path for path in DOCUMENTS if path.name == name)

    assert len(document.read_text(encoding="utf-8").splitlines()) <= LONGEST[name]


def drawn():
    text = (ROOT / "docs/TABLES.md").read_text(encoding="utf-8")
    return text[text.index("erDiagram") :].partition("```")[0]


@cache
def models_by_table():
    return {model._meta.db_table: model for model in apps.get_models()}


def test_the_drawing_of_the_tables_has_every_column():
    columns = {table: {line.split()[1] for line in body.splitlines()} for table, body in ENTITY.findall(drawn())}

    there = {table: {f.column for f in models_by_table()[table]._meta.local_fields if f.column} for table in columns}

    assert columns.keys() >= {"users", "tasks", "event", "job_log", "job_attempt"}
    assert columns == there


def test_the_drawing_of_the_tables_has_the_foreign_keys():
    lines = RELATION.findall(drawn())

    assert len(lines) >= 3
    for one, many in lines:
        referred = {
            field.related_model._meta.db_table for field in models_by_table()[many]._meta.fields if field.is_relation
        }
        assert one in referred, (one, many)


def test_the_badges_tell_the_truth():
    said = re.findall(r"^\[!\[([^]]+)\]", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    oldest, newest = re.search(r'python: \["(.+)", "(.+)"\]', (ROOT / ".github/workflows/ci.yml").read_text()).groups()
    document = json.loads((ROOT / "docs/openapi.json").read_text())

    assert said == [
        f"Python {oldest} to {newest}",
        f"Django {'.'.join(django.__version__.split('.')[:2])} LTS",
        f"PostgreSQL {OLDEST_POSTGRES} or newer",
        f"OpenAPI {document['openapi'].rpartition('.')[0]}",
        f"License {document['info']['license']['name']}",
    ]
