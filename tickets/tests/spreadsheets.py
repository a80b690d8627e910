"""Synthetic spreadsheets with the headers that real ones have: a good set of 898 entities, and ways to break it."""

import csv
import io

BUNDLES = (
    "ID,Name,Machine name,X,Dev,QA,Description,Mod.,Layout,Trns.,Migr.,Meta,Sched.,Srch.,Type,"
    "URL alias pattern,Settings/notes"
)
FIELDS = (
    "ID,Bundle,Field label,Machine name,Reused Field,X,Dev,QA,Field group,Field type,Ref. bundle,Req'd,Vals.,"
    "Form widget,Trns.,Settings/notes,Help text,Bundle machine name"
)
VIEWS = "ID,View name,Machine name,X,Dev,QA,Base table,Status,Description,Notes,Path"
DISPLAYS = "ID,View,Title,Machine name,X,Dev,QA,Display plugin,Notes,View ID"
VIEW_MODES = "ID,View Modes,Entity Type,X,Dev,QA,Entities Used On,Notes,Format"
IMAGE_STYLES = "ID,Style name,Machine name,X,Dev,QA,Notes,Width"
RESPONSIVE = (
    "ID,Responsive style,Machine Name,Breakpoint Group,Breakpoints Used,Fallback Style,Image Style Group(s),X,Dev,QA,"
    "Notes,Fallback machine name"
)
ROLES = "ID,Name,Machine name,X,Dev,QA,Notes"
WORKFLOWS = "ID,Label,Machine name,X,Dev,QA,Type,Notes"
STATES = "ID,Workflow,Label,Machine name,X,Dev,QA,Notes"
TRANSITIONS = "ID,Workflow,Label,Machine name,X,Dev,QA,From state,To state,Notes"
MIGRATIONS = "Migration name,Source,Destination,Description,Bundle,Status,Dependencies,Dev,QA"
MAPPINGS = "Migration,Source field,Destination field,Process"

TYPES = ("Content type", "Media type", "Custom block type", "Vocabulary", "Paragraph type")
KINDS = (
    "Text (plain)", "Text (formatted, long)", "Entity reference", "Boolean", "Link", "Date", "Image", "List (text)",
)  # fmt: skip
STATE_NAMES = ("Draft", "In review", "Published", "Archived")


def sheet(header, rows, separator=",", end="\n"):
    """Rows of cells, or of cells by header, below a header, as bytes."""
    headers = header.split(",")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end)
    writer.writerow(headers)
    for row in rows:
        writer.writerow([row.get(name, "") for name in headers] if isinstance(row, dict) else row)
    return out.getvalue().encode()


def bundles(number=95):
    for n in range(number):
        yield {
            "Name": f"Bundle {n}",
            "Machine name": f"bundle_{n}",
            "X": "a",
            "Description": f"Keeps what number {n} is about",
            "Type": TYPES[n % len(TYPES)],
            "Trns.": "x",
            "URL alias pattern": f"/bundle-{n}/[node:title]" if n % 5 == 0 else "",
        }
        if n % 30 == 0:
            yield {}  # people put empty rows between groups


def bundle(n):
    return f"Bundle {n} ({TYPES[n % len(TYPES)]})"


def fields(number=546, of=95):
    for n in range(number):
        kind = KINDS[n % len(KINDS)]
        yield {
            "Bundle": bundle(n % of),
            "Field label": f"Field {n}",
            "Machine name": "-" if n % 21 == 20 else f"field_{n}",
            "X": "d",
            "Dev": "x" if n % 9 == 0 else "",
            "Field type": kind,
            "Ref. bundle": bundle((n + 1) % of) if kind == "Entity reference" else "",
            "Req'd": "Yes" if n % 3 == 0 else "",
            "Vals.": "1" if n % 2 else "Unlimited",
            "Form widget": "Textfield",
            "Help text": f'Say "what" it is, in {n} words',
            "Bundle machine name": f"bundle_{n % of}",
        }
        if n % 100 == 99:
            yield {"X": "a", "Bundle machine name": "#VALUE!"}  # a formula below a heading


def good_set():
    """Files by name: 899 entities."""
    families = ("hero", "card", "banner", "16_9")
    styles = [f"{family}_{n}{kind}" for family in families for n in range(7) for kind in ("", "_1_5x", "_2x")]
    styles += [f"square_{n}" for n in range(18)] + ["3x2-wide"]
    return {
        "SITE_Bundles.csv": sheet(BUNDLES, bundles()),
        "SITE_Fields.csv": sheet(FIELDS, fields()),
        "SITE_CustomViews.csv": sheet(VIEWS, (
            {"View name": f"View {n}", "Machine name": f"view_{n}", "Base table": "Content", "Description": "Lists"}
            for n in range(16)
        )),
        "SITE_CustomViewsDisplays.csv": sheet(DISPLAYS, (
            {"View": f"View {n % 16}", "Title": f"Display {n}", "Machine name": f"display_{n}",
             "Display plugin": ("Page", "Block", "Embed", "Attachment")[n % 4], "View ID": f"view_{n % 16}"}
            for n in range(42)
        )),
        "SITE_CustomViewModes.csv": sheet(VIEW_MODES, (
            {"View Modes": f"Mode {n}", "Entity Type": "Content", "Entities Used On": f"{bundle(0)}, {bundle(n)}"}
            for n in range(31)
        )),
        "SITE_Imagestyles.csv": sheet(IMAGE_STYLES, (
            {"Style name": name.replace("_", " ").title(), "Machine name": name} for name in styles
        )),
        "SITE_ResponsiveImageStyles.csv": sheet(RESPONSIVE, (
            {"Responsive style": f"Responsive {n}", "Machine Name": f"responsive_{n}", "Breakpoint Group": "site",
             "Fallback Style": "As designed", "Fallback machine name": styles[n]} for n in range(24)
        )),
        "SITE_Userroles.csv": sheet(ROLES, ({"Name": f"Role {n}", "Machine name": f"role_{n}"} for n in range(8))),
        "SITE_Workflows.csv": sheet(WORKFLOWS, (
            {"Label": name, "Machine name": name.lower(), "Type": "Content moderation"}
            for name in ("Editorial", "Legal")
        )),
        "SITE_Workflowstates.csv": sheet(STATES, (
            {"Workflow": flow, "Label": name, "Machine name": name.lower().replace(" ", "_")}
            for flow in ("Editorial", "Legal") for name in STATE_NAMES[: 4 if flow == "Editorial" else 3]
        )),
        "SITE_Workflowtransitions.csv": sheet(TRANSITIONS, (
            {"Workflow": flow, "Label": f"Move {n}", "Machine name": f"move_{n}",
             "From state": STATE_NAMES[n % 3], "To state": STATE_NAMES[(n + 1) % 3]}
            for flow in ("Editorial", "Legal") for n in range(12)
        )),
    }  # fmt: skip


def changed(body, row, **cells):
    """With other cells in a row, by header. The header is row 1."""
    lines = list(csv.reader(io.StringIO(body.decode())))
    for name, value in cells.items():
        lines[row - 1][lines[0].index(name)] = value
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue().encode()
