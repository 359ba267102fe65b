"""What of a change to an event's JSON Schema breaks those who write or read the event.

Within a version a schema may change only so that nobody notices, and there are two who may:

- *Old writers.* Events stay on their topic for a week and in its dead letters for a month, and producers are rolled out
  one by one: whatever was valid must stay valid, and mean the same. This holds for every event.
- *Old readers.* During a roll-out, and downstream for as long as a team likes, readers meet events of a newer schema:
  whatever is valid now must have been valid then. So a wider enumeration breaks them as much as a narrower one breaks
  writers. It holds for every event with a reader that is not its owner; an owner that reads alone is rolled out with
  the schema.

A field may be added, as readers pass over what they do not know. A field may not be removed in either direction: its
writers' values would be lost without a word.

Pure. The comparison is conservative: what it cannot prove harmless it reports.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["BreakingChange", "Broken", "breaking_changes"]

Schema = Mapping[str, Any]

_ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$id", "$schema", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"}
)
_LOWER_LIMITS = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_UPPER_LIMITS = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_FIXED = ("contentEncoding", "contentMediaType", "format", "multipleOf", "pattern", "propertyNames", "uniqueItems")
_STRUCTURE = frozenset(
    {"$ref", "additionalProperties", "anyOf", "const", "default", "enum", "items", "patternProperties"}
    | {"prefixItems", "properties", "required", "type"}
)


class Broken(StrEnum):
    """Who is broken by a change."""

    OLD_WRITERS = "old writers"
    OLD_READERS = "old readers"


@dataclass(frozen=True)
class BreakingChange:
    """A change, where it is (``/invoice/totals/net``), and whom it breaks."""

    path: str
    breaks: Broken
    message: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.message} (breaks {self.breaks})"


def breaking_changes(released: Schema, current: Schema, *, owner_reads_alone: bool = False) -> list[BreakingChange]:
    """Return what breaks between the released and the current schema of the same version of an event.

    Args:
        released: the schema that others rely on.
        current: the schema to be released.
        owner_reads_alone: nobody but the event's owner reads it, so that there are no old readers.
    """
    forwards = _Comparison(writer=released, reader=current)
    found = [BreakingChange(path, Broken.OLD_WRITERS, message) for path, message in forwards.refused()]
    found += [BreakingChange(path, Broken.OLD_WRITERS, "the field was removed") for path in forwards.removed()]
    if not owner_reads_alone:
        backwards = _Comparison(writer=current, reader=released)
        found += [BreakingChange(path, Broken.OLD_READERS, message) for path, message in backwards.refused()]
    return list(dict.fromkeys(found))


class _Comparison:
    """Finds what the schema of a writer allows and that of a reader refuses."""

    def __init__(self, *, writer: Schema, reader: Schema) -> None:
        self._writer = writer
        self._reader = reader
        self._above: list[tuple[int, int]] = []

    def refused(self) -> list[tuple[str, str]]:
        """Return where and why the reader's schema refuses what the writer's allows."""
        return list(self._compare(self._writer, self._reader, ""))

    def removed(self) -> list[str]:
        """Return the fields that the writer's schema has and the reader's has not, however deep."""
        return list(self._removed(self._writer, self._reader, "", frozenset()))

    def _removed(self, writer: Schema, reader: Schema, path: str, above: frozenset[int]) -> Iterator[str]:
        writer, reader = _resolve(writer, self._writer), _resolve(reader, self._reader)
        if id(writer) in above:
            return
        above |= {id(writer)}
        remaining = _fields(reader, self._reader)
        for name, field in _fields(writer, self._writer).items():
            if name in remaining:
                yield from self._removed(field, remaining[name], f"{path}/{name}", above)
            else:
                yield f"{path}/{name}"
        for keyword in ("items", "additionalProperties"):
            if isinstance(writer.get(keyword), dict) and isinstance(reader.get(keyword), dict):
                yield from self._removed(writer[keyword], reader[keyword], f"{path}/*", above)

    def _compare(self, writer: Schema, reader: Schema, path: str) -> Iterator[tuple[str, str]]:
        if not _same_default(writer.get("default"), reader.get("default")):
            yield path, "what it means to leave the field out differs (default)"
        writer, reader = _resolve(writer, self._writer), _resolve(reader, self._reader)
        if (id(writer), id(reader)) in self._above:
            return
        self._above.append((id(writer), id(reader)))
        alternatives = reader.get("anyOf", [reader])
        for one in writer.get("anyOf", [writer]):
            attempts = [list(self._single(one, other, path)) for other in alternatives]
            if all(attempts):
                # Where none takes it, what the nearest says about it is the most telling.
                alike = [
                    bool(self._types(one, self._writer) & self._types(other, self._reader)) for other in alternatives
                ]
                yield from min(zip(attempts, alike, strict=True), key=lambda tried: (not tried[1], len(tried[0])))[0]
        self._above.pop()

    def _single(self, writer: Schema, reader: Schema, path: str) -> Iterator[tuple[str, str]]:
        writer, reader = _resolve(writer, self._writer), _resolve(reader, self._reader)
        if refused := self._types(writer, self._writer) - self._types(reader, self._reader):
            yield path, f"the type {', '.join(sorted(refused))} is on one side only"
            return
        yield from self._values(writer, reader, path)
        yield from self._limits(writer, reader, path)
        yield from self._arrays(writer, reader, path)
        yield from self._objects(writer, reader, path)
        for keyword in sorted((writer.keys() | reader.keys()) - _KNOWN):
            if writer.get(keyword) != reader.get(keyword):
                yield path, f"{keyword} differs"

    @staticmethod
    def _types(schema: Schema, root: Schema) -> set[str]:
        """Return the JSON types that may stand there; a number may be an integer."""
        schema = _resolve(schema, root)
        types = schema.get("type")
        values = _enumerated(schema)
        if types is not None:
            found = {types} if isinstance(types, str) else set(types)
        elif values is not None:
            found = {_JSON_TYPES[type(value)] for value in values}
        else:
            found = set(_JSON_TYPES.values())
        return found | {"integer"} if "number" in found else found

    @staticmethod
    def _values(writer: Schema, reader: Schema, path: str) -> Iterator[tuple[str, str]]:
        taken = _enumerated(reader)
        if taken is None:
            return
        written = _enumerated(writer)
        if written is None:
            yield path, "the values are fixed on one side only (enum)"
        elif missing := [value for value in written if value not in taken]:
            yield path, f"the values {missing} are on one side only (enum)"

    @staticmethod
    def _limits(writer: Schema, reader: Schema, path: str) -> Iterator[tuple[str, str]]:
        for keyword in _LOWER_LIMITS:
            if keyword in reader and (keyword not in writer or writer[keyword] < reader[keyword]):
                yield path, f"{keyword} {reader[keyword]} against {writer.get(keyword, 'none')}"
        for keyword in _UPPER_LIMITS:
            if keyword in reader and (keyword not in writer or writer[keyword] > reader[keyword]):
                yield path, f"{keyword} {reader[keyword]} against {writer.get(keyword, 'none')}"
        for keyword in _FIXED:
            if keyword in reader and writer.get(keyword) != reader[keyword]:
                yield path, f"{keyword} {reader[keyword]!r} against {writer.get(keyword, 'none')!r}"

    def _arrays(self, writer: Schema, reader: Schema, path: str) -> Iterator[tuple[str, str]]:
        if "items" in reader:
            yield from self._compare(_as_schema(writer.get("items", {})), _as_schema(reader["items"]), f"{path}/*")
        firsts, wanted = writer.get("prefixItems", []), reader.get("prefixItems", [])
        for index, item in enumerate(wanted):
            yield from self._compare(firsts[index] if index < len(firsts) else {}, item, f"{path}/{index}")

    def _objects(self, writer: Schema, reader: Schema, path: str) -> Iterator[tuple[str, str]]:
        for name in sorted(set(reader.get("required", ())) - set(writer.get("required", ()))):
            yield f"{path}/{name}", "the field is required on one side only"
        for group in ("properties", "patternProperties"):
            ours, theirs = writer.get(group, {}), reader.get(group, {})
            for name in sorted(ours.keys() & theirs.keys()):
                yield from self._compare(ours[name], theirs[name], f"{path}/{name}")
        for name in sorted(reader.get("patternProperties", {}).keys() - writer.get("patternProperties", {}).keys()):
            yield path, f"other names are allowed: {name!r}"
        rest = reader.get("additionalProperties", True)
        if rest is True:
            return
        others = writer.get("additionalProperties", True)
        if rest is False:
            if others is not False or writer.get("properties", {}).keys() - reader.get("properties", {}).keys():
                yield path, "names that are not listed are refused (additionalProperties)"
        else:
            yield from self._compare(_as_schema(others), rest, f"{path}/*")


_KNOWN = _ANNOTATIONS | _STRUCTURE | set(_LOWER_LIMITS) | set(_UPPER_LIMITS) | set(_FIXED)


def _fields(schema: Schema, root: Schema) -> dict[str, Schema]:
    fields: dict[str, Schema] = {}
    for one in (schema, *schema.get("anyOf", ())):
        resolved = _resolve(one, root)
        fields |= {**resolved.get("properties", {}), **resolved.get("patternProperties", {})}
    return fields


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema


_JSON_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "array",
    dict: "object",
}


def _enumerated(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _same_default(one: Any, other: Any) -> bool:
    """Whether two defaults mean the same: an object's may say more where fields were added, each with its own default."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_same_default(one[name], other[name]) for name in one.keys() & other.keys())
    return bool(one == other)


def _as_schema(schema: Schema | bool) -> Schema:  # noqa: FBT001 - JSON Schema's own way
    return schema if isinstance(schema, Mapping) else {}
