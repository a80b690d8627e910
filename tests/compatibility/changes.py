"""What a new OpenAPI document takes away from the clients of an old one.

Adding breaks nobody: operations, fields, values, answers, optional parameters. What this looks at is what clients of
version 1 were promised (docs/CONTRACT.md); of JSON Schema it knows what the document uses.
"""

Part = dict
METHODS = ("get", "post", "put", "patch", "delete")
UPPER, LOWER = ("maximum", "maxLength", "maxItems"), ("minimum", "minLength", "minItems")


def breaking_changes(old: Part, new: Part) -> list[str]:
    """A sentence for each change of `new`, a whole document, that can break a client of `old`."""
    return sorted(set(_Comparison(old, new).documents()))


class _Comparison:
    def __init__(self, old, new):
        self.old, self.new, self.within = old, new, []

    def documents(self):
        for path, operations in self.old["paths"].items():
            for method in METHODS:
                if method in operations:
                    name = f"{method.upper()} {path}"
                    other = self.new["paths"].get(path, {}).get(method)
                    yield from self.operation(operations[method], other, name) if other else [f"{name}: is gone"]

    def operation(self, old, new, name):
        if old.get("operationId") != new.get("operationId"):
            yield f"{name}: has another operationId"
        ways = new.get("security", [])
        if ways and any(way not in ways for way in old.get("security", []) or [None]):
            yield f"{name}: another way of signing in is needed"
        yield from self.parameters(old, new, name)
        yield from self.body(old.get("requestBody"), new.get("requestBody"), name)
        for status, answer in old["responses"].items():
            if status in new["responses"]:
                yield from self.answer(answer, new["responses"][status], f"{name} {status}")
            elif status[0] in "23":
                yield f"{name}: never answers {status}"

    def parameters(self, old, new, name):
        known, now = (
            {(one["in"], one["name"]): one for one in operation.get("parameters", [])} for operation in (old, new)
        )
        for key, parameter in known.items():
            where = f"{name} {key[0]} {key[1]}"
            if key not in now:
                yield f"{where}: is gone"
                continue
            if any(parameter.get(word) != now[key].get(word) for word in ("style", "explode")):
                yield f"{where}: is written in another way"
            yield from self.schema(parameter["schema"], now[key]["schema"], where, sent=True)
        for key, parameter in now.items():
            if parameter.get("required") and not known.get(key, {}).get("required"):
                yield f"{name} {key[0]} {key[1]}: is needed"

    def body(self, old, new, name):
        if new and new.get("required") and not (old and old.get("required")):
            yield f"{name} body: is needed"
        if old:
            yield from self.contents(old, new or {}, f"{name} body", sent=True)

    def answer(self, old, new, where):
        old, new = _resolved(self.old, old), _resolved(self.new, new)
        for header in old.get("headers", {}):
            if header not in new.get("headers", {}):
                yield f"{where} header {header}: is gone"
        yield from self.contents(old, new, where, sent=False)

    def contents(self, old, new, where, sent):
        for kind, content in old.get("content", {}).items():
            if kind in new.get("content", {}):
                yield from self.schema(content["schema"], new["content"][kind]["schema"], where, sent)
            else:
                yield f"{where}: is never {kind}"

    def schema(self, old, new, where, sent):
        """What clients send (`sent`) must still be taken; what they read must still be what they know."""
        pair = (old["$ref"], new.get("$ref")) if "$ref" in old else None
        if pair in self.within:  # a schema that is a part of itself
            return
        self.within.append(pair or ())
        old, new = _merged(self.old, old), _merged(self.new, new)
        for rule in (_alternatives, _types, _values, _limits, _words):
            yield from (f"{where}: {what}" for what in rule(old, new, sent))
        yield from self.parts(old, new, where, sent)
        self.within.pop()

    def parts(self, old, new, where, sent):
        for old_part, new_part in zip(_choices(old), _choices(new), strict=False):
            yield from self.schema(old_part, new_part, where, sent)
        for name, part in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                yield from self.schema(part, new["properties"][name], f"{where} {name}", sent)
            else:
                yield f"{where} {name}: is gone"
        given, taken = (new, old) if sent else (old, new)
        for name in set(given.get("required", [])) - set(taken.get("required", [])):
            yield f"{where} {name}: is needed" if sent else f"{where} {name}: may be missing"
        for word in {"items", "additionalProperties"} & {*old, *new}:
            yield from self.schema(_open(old.get(word)), _open(new.get(word)), f"{where} {word}", sent)


def _open(schema):
    """`false` allows nothing, and what is absent or `true` everything."""
    return {False: {"not": {}}, True: {}, None: {}}.get(schema, schema) if isinstance(schema, bool | None) else schema


def _resolved(document, part):
    while "$ref" in part:
        steps = part["$ref"].removeprefix("#/").split("/")
        part = {name: value for name, value in part.items() if name != "$ref"}
        found = document
        for step in steps:
            found = found[step]
        part = {**found, **part}
    return part


def _merged(document, schema):
    """With what it refers to, and what all of it has to hold."""
    schema = _resolved(document, schema)
    for part in schema.get("allOf", []):
        other = _merged(document, part)
        schema = {
            **other,
            **schema,
            "properties": {**other.get("properties", {}), **schema.get("properties", {})},
            "required": [*other.get("required", []), *schema.get("required", [])],
        }
    return {name: value for name, value in schema.items() if name != "allOf"}


def _choices(schema):
    return schema.get("oneOf", schema.get("anyOf", []))


def _alternatives(old, new, sent):
    before, after = len(_choices(old)), len(_choices(new))
    if before != after and (not before or (after < before if sent else after == 0 or after > before)):
        yield f"had {before} forms, has {after}"
    if sent and "not" in new and "not" not in old:
        yield "takes nothing that is not named"


def _types(old, new, sent):
    old_types, new_types = (
        {types} if isinstance(types, str) else set(types) for types in (part.get("type", []) for part in (old, new))
    )
    given, taken = (old_types, new_types) if sent else (new_types, old_types)
    if taken and not (given and given <= taken):
        yield f"was {old.get('type')}, is {new.get('type')}"


def _values(old, new, sent):
    if "enum" in old:
        for value in old["enum"]:
            if value not in new.get("enum", [value] if sent else []):
                yield f"value {value!r} is gone"
    elif sent and "enum" in new:
        yield "takes some values only"


def _limits(old, new, sent):
    if sent:
        for word in UPPER:
            if word in new and new[word] < old.get(word, float("inf")):
                yield f"{word} was {old.get(word)}, is {new[word]}"
        for word in LOWER:
            if word in new and new[word] > old.get(word, float("-inf")):
                yield f"{word} was {old.get(word)}, is {new[word]}"


def _words(old, new, sent):
    for word in ("format", "pattern", "const"):
        if old.get(word) != new.get(word) and (new if sent else old).get(word) is not None:
            yield f"{word} was {old.get(word)}, is {new.get(word)}"
    if sent and old.get("default") != new.get("default"):
        yield f"default was {old.get('default')!r}, is {new.get('default')!r}"
