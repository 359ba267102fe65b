"""Writes what is derived from the events and ``topics.yaml``: the JSON Schemas and the AsyncAPI document.

python -m invoiceflow_contracts.generate            # write contracts/schemas and contracts/asyncapi.yaml
python -m invoiceflow_contracts.generate --check    # exit 1 where they are not what would be written
python -m invoiceflow_contracts.generate --release  # make the schemas the ones that later changes are held against
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from invoiceflow_contracts.asyncapi import asyncapi_document
from invoiceflow_contracts.compatibility import BreakingChange, breaking_changes
from invoiceflow_contracts.events import EVENTS, Event
from invoiceflow_contracts.schemas import schema_of, schema_path
from invoiceflow_contracts.topics import topic_of

__all__ = ["breaking", "drift", "generated", "main", "unexpected"]

_SOURCE_TREE = Path(__file__).resolve().parents[2]


class _Dumper(yaml.SafeDumper):
    """Writes a list or text in full wherever it stands, never as an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's signature
        return True


def _paragraphs(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _paragraphs)


def generated() -> dict[str, str]:
    """Return every derived file's text by its path under ``contracts``."""
    schemas = {f"schemas/{schema_path(event)}": _json(schema_of(event)) for event in EVENTS}
    document = yaml.dump(asyncapi_document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return {**schemas, "asyncapi.yaml": f"# Made by python -m invoiceflow_contracts.generate; do not edit.\n{document}"}


def drift(root: Path) -> list[str]:
    """Return the derived files that are not, or not as they would be written."""
    return [path for path, text in generated().items() if _text(root / path) != text]


def unexpected(root: Path) -> list[str]:
    """Return the files under ``schemas`` that belong to no event."""
    expected = generated().keys()
    found = (path.relative_to(root).as_posix() for path in sorted((root / "schemas").rglob("*.json")))
    return [path for path in found if path not in expected]


def breaking(root: Path) -> Iterator[tuple[str, BreakingChange]]:
    """Yield what breaks writers or readers since the last release, with the schema it is in.

    A released schema whose event is gone from the code counts as broken too.
    """
    current: dict[str, type[Event]] = {schema_path(event): event for event in EVENTS}
    for file in sorted((root / "released").rglob("*.json")):
        path = file.relative_to(root / "released").as_posix()
        released = json.loads(file.read_text(encoding="utf-8"))
        if path in current:
            topic = topic_of(current[path])
            schema, alone = schema_of(current[path]), topic.consumers == (topic.owner,)
        else:
            schema, alone = {}, True
        for change in breaking_changes(released, schema, owner_reads_alone=alone):
            yield path, change


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m invoiceflow_contracts.generate", description=__doc__.partition("\n")[0]
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--check", action="store_true", help="write nothing; fail where a file is out of date or a change breaks"
    )
    mode.add_argument("--release", action="store_true", help="also make the schemas the released ones")
    parser.add_argument(
        "--root", type=Path, default=_SOURCE_TREE, help="the contracts folder (default: that of this source tree)"
    )
    options = parser.parse_args(arguments)
    root: Path = options.root
    if not (root / "pyproject.toml").is_file():
        parser.error(f"{root} is not the contracts folder of a source tree; name it with --root")
    problems = [f"released/{path}{change}" for path, change in breaking(root)]
    if options.check:
        problems += [f"{path} is out of date; run python -m invoiceflow_contracts.generate" for path in drift(root)]
        problems += [f"{path} belongs to no event; delete it" for path in unexpected(root)]
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201 - a command
    if problems and (options.check or options.release):
        return 1
    if not options.check:
        _write(root, release=options.release)
    return 0


def _write(root: Path, *, release: bool) -> None:
    for path, text in generated().items():
        targets = [root / path]
        if release and path.startswith("schemas/"):
            targets.append(root / "released" / path.removeprefix("schemas/"))
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
