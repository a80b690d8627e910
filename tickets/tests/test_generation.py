"""What tickets say, and what they need: pure functions of the cells."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tickets.generation.dependencies import Edge, graph, ordered, without_circles
from tickets.generation.documents import description, title
from tickets.generation.generators import GENERATORS
from tickets.generation.markdown import code, plain, table
from tickets.generation.subjects import LONGEST_KEY, subjects
from tickets.models.ticket import LONGEST_TEXT, LONGEST_TITLE
from tickets.tests import spreadsheets
from tickets.tests.spreadsheets import good_set, sheet
from tickets.tests.test_checks import checked

GOOD = good_set()
BUILTIN = GENERATORS["builtin"]
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})


def made(bodies, granularity="entity"):
    return subjects(checked(bodies).values(), granularity)


def texts(bodies, granularity="entity"):
    return [(one.key, title(one), description(one, BUILTIN)) for one in made(bodies, granularity)]


def counted(found):
    return {kind: sum(one.kind == kind for one in found) for kind in {one.kind for one in found}}


def test_what_belongs_together_is_one_ticket():
    assert counted(made(GOOD)) == {
        "bundles": 95, "view_modes": 31, "image_styles": 47, "responsive_image_styles": 24, "views": 16,
        "workflows": 2, "user_roles": 8,
    }  # fmt: skip


def test_each_row_can_be_one():
    assert len(made(GOOD, "row")) == 898


def shuffled(bodies, seed):
    chosen = random.Random(seed)
    for name in chosen.sample(list(bodies), len(bodies)):
        header, *rows = bodies[name].splitlines(keepends=True)
        yield name, b"".join([header, *chosen.sample(rows, len(rows))])


@pytest.mark.parametrize("granularity", ["entity", "row"])
def test_in_any_order_of_files_and_rows_the_tickets_are_the_same_to_the_byte(granularity):
    for seed in range(3):
        assert texts(dict(shuffled(GOOD, seed)), granularity) == texts(GOOD, granularity)
        assert graph(made(dict(shuffled(GOOD, seed)), granularity)) == graph(made(GOOD, granularity))


@settings(deadline=None, max_examples=20)  # some take a tenth of a second
@given(st.sets(st.sampled_from(sorted(GOOD)), min_size=1))
def test_any_part_of_the_files_has_tickets(names):
    found = texts({name: GOOD[name] for name in names})

    assert len({key for key, _, _ in found}) == len(found) > 0


def test_a_ticket_says_who_needs_it_its_configuration_and_when_it_is_done():
    bundles = sheet(spreadsheets.BUNDLES, [
        {"Name": "News", "Machine name": "news", "Type": "Content type", "Description": "What is new."}
    ])  # fmt: skip
    fields = sheet(spreadsheets.FIELDS, [
        {"Bundle": "News", "Field label": "Teaser", "Machine name": "field_teaser", "Field type": "Text (plain)",
         "Req'd": "Yes", "Vals.": "1"}
    ])  # fmt: skip
    ((_, heading, text),) = texts({"Bundles.csv": bundles, "Fields.csv": fields})

    assert heading == "Content type: News"
    assert text == (
        "As an editor I need the content type **News**, so that I can enter and reuse this kind of content."
        " What is new.\n"
        "\n## Configuration\n\n| Setting | Value |\n| --- | --- |\n| Name | News |\n| Machine name | `news` |\n"
        "| Type | Content type |\n| Description | What is new. |\n"
        "\n## Fields\n\n| Bundle | Field label | Machine name | Field type | Req'd | Vals. |\n"
        "| --- | --- | --- | --- | --- | --- |\n| News | Teaser | `field_teaser` | Text (plain) | Yes | 1 |\n"
        "\n## Done when\n\n- [ ] The content type News is there, with the machine name `news`.\n"
        "- [ ] The field `field_teaser` (Teaser) is there of the type Text (plain), required,"
        " with the number of values 1."
    )


HOSTILE = [
    "<script>alert(1)</script>", "[x](javascript:alert(1))", "**bold** _it_", "`tick`", "a | b", "![i](http://x)",
    "&lt;b&gt;", "line\n# heading", "~~gone~~", "<https://x.y>", "``", "|", "\\", "{name}", "= 1 + 1",
]  # fmt: skip


@pytest.mark.parametrize("cell", HOSTILE)
@pytest.mark.parametrize("write", [plain, code])
def test_text_of_a_cell_is_never_markup(cell, write):
    (_, inline, _) = MARKDOWN.parse(f"x {write(cell)} y")
    kinds = {token.type for token in inline.children}

    assert kinds <= {"text", "code_inline", "text_special"}
    if write is plain:
        assert inline_text(inline) == f"x {' '.join(cell.split())} y"


def inline_text(inline):
    return "".join(token.content for token in inline.children)


@given(st.lists(st.text(max_size=15), min_size=2, max_size=2))
def test_any_cells_keep_their_place_in_a_table(cells):
    tokens = MARKDOWN.parse(table(("A", "B"), [[plain(cells[0]) or "-", code(cells[1]) or "-"]]))

    assert [token.type for token in tokens].count("td_open") == 2
    assert "html_block" not in {token.type for token in tokens}


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30), min_size=3, max_size=3))
def test_a_ticket_of_any_cells_holds_no_html(cells):
    name, described, notes = cells
    body = sheet("Name,Machine name,Description,Notes", [(name or "x", "thing", described, notes)])
    for _, heading, text in texts({"Userroles.csv": body}):
        kinds = {part.type for token in MARKDOWN.parse(text) for part in (token, *(token.children or ()))}

        assert not kinds & {"html_block", "html_inline", "link_open", "image"}
        assert len(heading) <= LONGEST_TITLE
        assert "\n" not in heading


def test_very_long_cells_make_a_text_that_is_cut_and_says_so():
    row = {"Name": "x" * 5000, "Machine name": "long", "Notes": "word " * 6000, "Dev": "y"}
    many = sheet(spreadsheets.ROLES, [row])
    fields = [
        {"Bundle": "B", "Field label": f"Field {n}", "Machine name": f"f_{n}", "Help text": "z" * 400}
        for n in range(400)
    ]
    bundle = sheet(spreadsheets.BUNDLES, [{"Name": "B", "Machine name": "b"}])
    found = texts({"Userroles.csv": many, "Bundles.csv": bundle, "Fields.csv": sheet(spreadsheets.FIELDS, fields)})

    assert all(len(heading) <= LONGEST_TITLE and len(text) <= LONGEST_TEXT for _, heading, text in found)
    assert next(text for key, _, text in found if key.startswith("bundles")).endswith(
        "The spreadsheets have the rest.*"
    )


def test_a_key_that_is_too_long_is_shortened_and_stays_different():
    rows = [{"Name": "x" * 400 + end, "Machine name": f"r{end}"} for end in "ab"]
    found = made({"CustomViewModes.csv": sheet("View Modes,Entity Type", [(row["Name"], "Node") for row in rows])})

    assert len({one.key for one in found}) == 2
    assert all(len(one.key) <= LONGEST_KEY for one in found)


def test_a_bundle_whose_fields_refer_to_another_needs_it():
    found = graph(made(GOOD))
    keys = {(edge.ticket, edge.needs) for edge in found.edges}

    assert ("responsive_image_styles:responsive_0", "image_styles:hero_0") in keys
    assert all(found.order.index(edge.needs) < found.order.index(edge.ticket) for edge in found.edges)


NODES = st.integers(0, 12).map(lambda n: f"k{n:02}")


@given(st.lists(st.tuples(NODES, NODES).filter(lambda pair: pair[0] != pair[1]), unique=True))
def test_of_any_graph_so_much_is_left_out_that_an_order_is_left_and_no_more(pairs):
    edges = [Edge(*pair, "inferred") for pair in pairs]
    kept, left_out = without_circles(edges)
    order = ordered({f"k{n:02}": n for n in range(13)}, kept)

    assert sorted([*kept, *left_out]) == sorted(edges)
    assert all(order.index(edge.needs) < order.index(edge.ticket) for edge in kept)
    for edge in left_out:  # each would have closed a circle
        assert without_circles([*kept, edge])[1] != []
    assert without_circles(edges[::-1]) == (kept, left_out) or sorted(without_circles(edges[::-1])[0]) == sorted(kept)


def test_formats_of_text_are_not_taken_from_cells():
    body = sheet("Name,Machine name,Permissions", [("{machine_name} {x}", "role", "{name}")])
    ((_, _, text),) = texts({"Userroles.csv": body})

    assert re.search(r"The role \{machine_name\} \{x\} is there", text)
