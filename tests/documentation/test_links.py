"""Every relative link of every page leads somewhere, to the heading too."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from reference_pages.project import ROOT, markdown_files

_LINK = re.compile(r"!?\[(?:[^\]\\]|\\.)*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def _targets(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    for match in _LINK.finditer(re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)):
        if not _ELSEWHERE.match(match[1]):
            yield unquote(match[1])


@cache
def _anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    anchors: set[str] = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 0
        while (unique := anchor if not number else f"{anchor}-{number}") in anchors:
            number += 1
        anchors.add(unique)
    return anchors


@pytest.mark.parametrize("page", list(markdown_files()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    dead: list[str] = []
    for target in _targets(page):
        file, _, anchor = target.partition("#")
        where = (page.parent / file).resolve() if file else page
        if not where.exists() or (anchor and where.suffix == ".md" and anchor not in _anchors(where)):
            dead.append(target)
    assert dead == []


def test_every_page_of_the_documentation_can_be_reached_from_its_index() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "docs/README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        waiting += [
            where
            for target in _targets(page)
            if (where := (page.parent / target.partition("#")[0]).resolve()).suffix == ".md" and where.exists()
        ]
    assert sorted(set((ROOT / "docs").rglob("*.md")) - seen) == []
