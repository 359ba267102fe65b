"""Every environment variable of every service, from the settings classes themselves."""

import importlib
import inspect
import json
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ByteSize, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from reference_pages.blocks import table
from reference_pages.project import sources

__all__ = ["settings_blocks", "settings_classes", "superfluous_meanings", "variable_names"]

_PLAIN = {
    "INVOICEFLOW_PORT": "Port of the HTTP interface.",
    "INVOICEFLOW_LOG_LEVEL": "The least severity that is logged.",
    "INVOICEFLOW_KAFKA_TLS": "Encrypt the connections to the brokers.",
    "INVOICEFLOW_KAFKA_SASL_MECHANISM": "How to sign in at the brokers; needs a user name and a password.",
    "INVOICEFLOW_KAFKA_USERNAME": "For SASL.",
    "INVOICEFLOW_KAFKA_PASSWORD": "For SASL.",
    "INVOICEFLOW_OBJECTS_ACCESS_KEY": "Of the object store's user.",
    "INVOICEFLOW_OBJECTS_SECRET_KEY": "Of the object store's user.",
    "INVOICEFLOW_QUERY_MONGODB_DATABASE": "Name of the database.",
}
"""What a setting means whose class says it by its name alone."""
_UNITS = {"_seconds": "Seconds.", "_ms": "Milliseconds.", "_mib": "MiB."}
_MEBIBYTE = 1024 * 1024


def settings_classes() -> dict[str, type[BaseSettings]]:
    """Return each package's settings classes by their names."""
    found: dict[str, type[BaseSettings]] = {}
    for path in sources():
        if "BaseSettings" not in path.read_text(encoding="utf-8") and path.name != "settings.py":
            continue
        module = importlib.import_module(".".join(path.with_suffix("").parts[path.parts.index("src") + 1 :]))
        found |= {
            name: kind
            for name, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, BaseSettings) and kind.__module__ == module.__name__
        }
    return found


def variable_names() -> set[str]:
    """Return every environment variable that a service reads."""
    return {_variable(kind, name) for kind in settings_classes().values() for name in kind.model_fields}


def superfluous_meanings() -> set[str]:
    """Return the variables of ``_PLAIN`` that are no more, or whose class describes them by now."""
    silent = {
        _variable(kind, name)
        for kind in settings_classes().values()
        for name, info in kind.model_fields.items()
        if not info.description
    }
    return _PLAIN.keys() - silent


def settings_blocks() -> dict[str, str]:
    """Return a table for each class, without what it takes over from another class."""
    blocks: dict[str, str] = {}
    for name, kind in settings_classes().items():
        inherited = {field for base in kind.__mro__[1:] for field in getattr(base, "model_fields", {})}
        rows = [
            (f"`{_variable(kind, field)}`", _default(info), _meaning(_variable(kind, field), info))
            for field, info in kind.model_fields.items()
            if field not in inherited
        ]
        blocks[f"settings.{name}"] = table(("variable", "default", "meaning"), rows)
    return blocks


def _variable(kind: type[BaseSettings], field: str) -> str:
    return f"{kind.model_config['env_prefix']}{field}".upper()


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "**required**"
    return "not set" if info.default is None else f"`{_written(info.default, info.annotation)}`"


def _written(value: Any, kind: Any) -> str:
    """Return ``value`` as it would be put into the environment."""
    if kind is ByteSize and value % _MEBIBYTE == 0:
        return f"{value // _MEBIBYTE}MiB"
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return json.dumps(value)
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _meaning(variable: str, info: FieldInfo) -> str:
    """Return the field's description with what it says nowhere: choices, bounds, unit, secrecy."""
    described = info.description or ""
    plain = _PLAIN.get(variable, "")
    parts = [(described if plain in described else f"{plain} {described}").strip().replace("``", "`")]
    parts += [
        unit
        for ending, unit in _UNITS.items()
        if variable.lower().endswith(ending) and unit.lower()[:-1] not in parts[0].lower()
    ]
    kinds = _kinds(info.annotation)
    if choices := [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]:
        parts.append("One of " + ", ".join(f"`{choice}`" for choice in choices) + ".")
    if pattern := next((each.pattern for each in info.metadata if getattr(each, "pattern", None)), None):
        parts.append("One of " + ", ".join(f"`{choice}`" for choice in pattern.strip("^$()").split("|")) + ".")
    if bounds := _bounds(info):
        parts.append(bounds)
    if any(kind is SecretStr for kind in kinds):
        parts.append("Secret.")
    return " ".join(part for part in parts if part)


def _kinds(annotation: Any) -> list[Any]:
    return list(get_args(annotation)) if get_origin(annotation) in {Union, UnionType} else [annotation]


def _bounds(info: FieldInfo) -> str:
    lowest = next((f"{each.ge:g}" for each in info.metadata if isinstance(each, Ge)), None)
    above = next((f"{each.gt:g}" for each in info.metadata if isinstance(each, Gt)), None)
    highest = next((f"{each.le:g}" for each in info.metadata if isinstance(each, Le)), None)
    below = next((f"{each.lt:g}" for each in info.metadata if isinstance(each, Lt)), None)
    if lowest is not None and highest is not None:
        return f"{lowest} to {highest}."
    words = {"at least": lowest, "more than": above, "at most": highest, "less than": below}
    said = " and ".join(f"{word} {bound}" for word, bound in words.items() if bound is not None)
    return f"{said.capitalize()}." if said else ""
