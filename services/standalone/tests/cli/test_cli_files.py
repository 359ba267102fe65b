from pathlib import Path

import pytest

from invoiceflow_standalone.cli.errors import CommandError
from invoiceflow_standalone.cli.files import select_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.pdf", "a.PDF", "deep/c.xml", ".hidden.pdf", ".git/d.pdf", "notes.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def names(folder: Path, *arguments: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in select_files(arguments).files]


def test_a_folder_gives_its_documents_at_any_depth_sorted(folder: Path) -> None:
    assert names(folder, str(folder)) == ["a.PDF", "b.pdf", "deep/c.xml"]


def test_what_is_left_out_of_a_folder_is_said(folder: Path) -> None:
    skipped = {each.path.name: each.reason for each in select_files([str(folder)]).skipped}
    assert skipped == {
        ".git": "hidden folder",
        ".hidden.pdf": "hidden",
        "notes.md": "does not look like a document; name it to send it anyway",
    }


def test_a_file_that_is_named_is_sent_whatever_it_is_called(folder: Path) -> None:
    assert names(folder, str(folder / "notes.md"), str(folder / ".hidden.pdf")) == ["notes.md", ".hidden.pdf"]


def test_a_pattern_the_shell_left_alone_is_expanded(folder: Path) -> None:
    assert names(folder, f"{folder}/*.pdf") == ["b.pdf"]
    assert names(folder, f"{folder}/**/*.xml") == ["deep/c.xml"]


def test_a_name_that_holds_pattern_signs_is_a_name_first(tmp_path: Path) -> None:
    (tmp_path / "scan[1].pdf").touch()
    assert names(tmp_path, f"{tmp_path}/scan[1].pdf") == ["scan[1].pdf"]


def test_a_file_named_twice_is_sent_once_in_the_order_of_the_arguments(folder: Path) -> None:
    assert names(folder, str(folder / "b.pdf"), str(folder)) == ["b.pdf", "a.PDF", "deep/c.xml"]


@pytest.mark.parametrize(
    ("argument", "words"),
    [("nothing.pdf", "no file or folder"), ("*.tiff", "No file matches"), ("empty", "no document to send")],
)
def test_an_argument_that_names_nothing_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match=words):
        select_files([argument])
