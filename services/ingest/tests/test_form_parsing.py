"""Reading a form while it arrives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_ingest.multipart import MultipartError, boundary_of, parts

BOUNDARY = b"--b0undary"


async def pieces(body: bytes, cuts: Sequence[int] = ()) -> AsyncIterator[bytes]:
    start = 0
    for cut in sorted({cut % (len(body) + 1) for cut in cuts}):
        yield body[start:cut]
        start = cut
    yield body[start:]


async def read(body: bytes, cuts: Sequence[int] = ()) -> list[tuple[str, str | None, bytes]]:
    return [
        (part.name, part.filename, b"".join([chunk async for chunk in part.chunks()]))
        async for part in parts(pieces(body, cuts), BOUNDARY)
    ]


def form(*fields: tuple[str, bytes]) -> bytes:
    body = b"".join(
        b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; " + header.encode() + b"\r\n\r\n" + data + b"\r\n"
        for header, data in fields
    )
    return body + b"--" + BOUNDARY + b"--\r\n"


data = st.lists(
    st.sampled_from([b"\r\n", b"--", BOUNDARY[:-1], b"\r\n--" + BOUNDARY[:-1], b"\r", b"\0", b"%PDF"])
    | st.binary(max_size=5)
).map(b"".join)


@given(st.lists(data, min_size=1, max_size=4), st.lists(st.integers(min_value=0), max_size=30))
def test_the_bytes_of_each_part_come_through_however_they_are_cut(contents: list[bytes], cuts: list[int]) -> None:
    contents = [content for content in contents if b"\r\n--" + BOUNDARY not in b"\r\n" + content]
    body = form(*((f'name="file"; filename="{number}.pdf"', content) for number, content in enumerate(contents)))

    found = asyncio.run(read(body, cuts))

    assert found == [("file", f"{number}.pdf", content) for number, content in enumerate(contents)]


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0), max_size=5))
def test_whatever_else_comes_is_a_form_or_a_stated_error(body: bytes, cuts: list[int]) -> None:
    with suppress(MultipartError):
        asyncio.run(read(b"--" + BOUNDARY + b"\r\n" + body, cuts))


async def test_what_is_not_read_of_a_part_is_skipped() -> None:
    body = form(('name="a"', b"1" * 1000), ('name="b"', b"2"))

    names = [part.name async for part in parts(pieces(body, range(0, 1000, 50)), BOUNDARY)]

    assert names == ["a", "b"]


@pytest.mark.parametrize(
    ("header", "filename"),
    [
        ('name="file"', None),
        ('name="file"; filename="a b;c.pdf"', "a b;c.pdf"),
        ('name="file"; filename="a \\"b\\".pdf"', 'a "b".pdf'),
        ('name="file"; filename="Müller.pdf"', "Müller.pdf"),
        ("name=\"file\"; filename*=UTF-8''M%C3%BCller.pdf", "Müller.pdf"),
        ('name="file"; filename="a.pdf"; filename*=UTF-8\'\'b.pdf', "a.pdf"),
    ],
)
async def test_names_of_files_as_clients_write_them(header: str, filename: str | None) -> None:
    assert await read(form((header, b"x"))) == [("file", filename, b"x")]


async def test_a_name_in_latin_1_is_still_a_name() -> None:
    body = form(('name="file"; filename="?.pdf"', b"x")).replace(b"?", b"\xfc")
    assert await read(body) == [("file", "ü.pdf", b"x")]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
    ],
)
def test_the_boundary_is_found(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary
