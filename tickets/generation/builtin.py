"""User stories and criteria from templates, by type."""

from collections.abc import Callable

from tickets.generation.markdown import code, plain
from tickets.generation.subjects import Subject
from tickets.spreadsheets.entities import Entity

# Who needs it, what it is, and what for, unless a description says so
STORIES = {
    "bundles": ("an editor", "{type} {name}", "I can enter and reuse this kind of content"),
    "fields": ("an editor", "field {name}", "I can enter this where it belongs"),
    "view_modes": ("a site builder", "view mode {name}", "content looks right wherever it is shown"),
    "image_styles": ("a visitor", "image style {name}", "images have the right size and load fast"),
    "responsive_image_styles": ("a visitor", "responsive image style {name}", "images suit the screen that I use"),
    "views": ("a visitor", "view {name}", "I find what I am looking for"),
    "view_displays": ("a visitor", "display {name}", "I see the list where I need it"),
    "migrations": ("a site owner", "migration {name}", "no content of the old site is lost"),
    "migration_mappings": ("a site owner", "mapping to {name}", "each value of the old site finds its place"),
    "workflows": ("an editor", "workflow {name}", "nothing is published before it was reviewed"),
    "workflow_states": ("an editor", "state {name}", "everybody sees how far a text is"),
    "workflow_transitions": ("an editor", "transition {name}", "a text can go on to its next state"),
    "user_roles": ("an administrator", "role {name}", "people may do what is their work, and nothing else"),
    "custom": ("a site owner", "{type} {name}", "the site does what was specified"),
}
KINDS = {"bundles": "content type", "custom": "entity"}  # where a row does not say of which type it is


def story(subject: Subject) -> str:
    who, what, why = STORIES[subject.kind]
    entity = subject.entity
    kind = entity.values.get("type") or KINDS.get(subject.kind, "")
    named = what.format(type=plain(kind).lower(), name=f"**{plain(entity.name)}**")
    said = entity.values.get("description", "").rstrip(".")
    return f"As {who} I need the {named}, so that {why}.{f' {plain(said)}.' if said else ''}"


def criteria(subject: Subject) -> list[str]:
    entity = subject.entity
    found = [f"The {named(entity)} is there{called(entity)}."]
    found += [text for column, text in SETTINGS.get(subject.kind, {}).items() if entity.values.get(column)]
    found = [text.format(**{name: code(value) for name, value in entity.values.items()}) for text in found]
    for kind, tell in PARTS.items():
        found += [tell(part) for part in subject.of_kind(kind)]
    if subject.kind == "image_styles":
        found += [f"The variant {code(part.machine_name or part.name)} is there." for part in subject.parts]
    return found


def named(entity: Entity) -> str:
    kind = plain(entity.values.get("type") or KINDS.get(entity.kind, "")).lower()
    what = STORIES[entity.kind][1].removesuffix(" {name}").replace("{type}", kind)
    return f"{braces(what)} {braces(plain(entity.name))}"


def called(entity: Entity) -> str:
    return f", with the machine name {braces(code(entity.machine_name))}" if entity.machine_name else ""


def braces(text: str) -> str:
    """For text that is formatted once more."""
    return text.replace("{", "{{").replace("}", "}}")


SETTINGS = {  # what a filled cell asks for
    "bundles": {
        "url_pattern": "Addresses follow the pattern {url_pattern}.",
        "moderation": "Moderation is set up: {moderation}.",
        "translatable": "It can be translated: {translatable}.",
        "scheduled": "Publication can be scheduled: {scheduled}.",
        "metatags": "Meta tags can be set: {metatags}.",
        "searched": "It is part of the search: {searched}.",
    },
    "fields": {"widget": "It is edited by the widget {widget}.", "formatter": "It is shown by {formatter}."},
    "views": {"path": "It answers at {path}.", "menu": "It is in the menu {menu}."},
    "image_styles": {"effect": "The effect {effect} is applied.", "width": "It is {width} wide."},
    "responsive_image_styles": {
        "breakpoint_group": "It uses the breakpoint group {breakpoint_group}.",
        "fallback": "Its fallback is {fallback}.",
    },
    "user_roles": {"permissions": "It has these permissions: {permissions}."},
    "workflows": {"default_state": "New content begins in the state {default_state}."},
    "migrations": {
        "source": "It reads from {source}.",
        "destination": "It writes to {destination}.",
    },
}


def field(entity: Entity) -> str:
    values = entity.values
    kind = f" of the type {plain(values['field_type'])}" if values.get("field_type") else ""
    required = ", required" if values.get("required", "").casefold() in ("yes", "y", "x", "1", "true") else ""
    number = f", with the number of values {plain(values['values'])}" if values.get("values") else ""
    if values.get("machine_name") == "-":
        return f"The built-in field {plain(entity.name)} is labelled so{required}."
    return f"The field {code(entity.machine_name)} ({plain(entity.name)}) is there{kind}{required}{number}."


def display(entity: Entity) -> str:
    return f"The display {plain(entity.name)} is there, as {plain(entity.values.get('plugin', ''))}."


def state(entity: Entity) -> str:
    return f"The state {code(entity.machine_name)} ({plain(entity.name)}) is there."


def transition(entity: Entity) -> str:
    start, end = (plain(entity.values.get(name, "")) for name in ("from_state", "to_state"))
    return f"The transition {plain(entity.name)} leads from {start} to {end}."


def mapping(entity: Entity) -> str:
    start, end = (code(entity.values.get(name, "")) for name in ("source_field", "destination_field"))
    return f"The value of {start} arrives in {end}."


PARTS: dict[str, Callable[[Entity], str]] = {
    "fields": field,
    "view_displays": display,
    "workflow_states": state,
    "workflow_transitions": transition,
    "migration_mappings": mapping,
}
