"""The benchmark on the stack, piece by piece; the whole of it where there is an engine."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pypdfium2 import PdfDocument
from typer import Typer
from typer.testing import CliRunner

from invoiceflow_evaluation.bench.__main__ import bench
from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_evaluation.bench.documents import Material, generated
from invoiceflow_evaluation.bench.stack.command import why_no_stack
from invoiceflow_evaluation.bench.stack.engine import Usage, usage
from invoiceflow_evaluation.bench.stack.figures import soak_figures, stack_figures
from invoiceflow_evaluation.bench.stack.light import Waits
from invoiceflow_evaluation.bench.stack.load import closed, opened
from invoiceflow_evaluation.bench.stack.materials import Variants, einvoices
from invoiceflow_evaluation.bench.stack.measuring import Soak, StackFigures, StackPlan, measure_soak, measure_stack
from invoiceflow_evaluation.bench.stack.page import soak_section, stack_section, write_section
from invoiceflow_evaluation.bench.stack.plot import Bar, bar_chart, stack_plot
from invoiceflow_evaluation.bench.stack.project import read_model_image
from invoiceflow_evaluation.bench.stack.runs import Run
from invoiceflow_evaluation.bench.stack.uploads import Uploader, UploadError
from invoiceflow_evaluation.bench.stack.verdicts import soak_verdicts, stack_verdicts

ROOT = Path(__file__).parent.parent.parent
TIMES = Distribution.of([0.1, 0.2, 0.4])
CONDITIONS = {"processors available": "2"}


# -- documents ---------------------------------------------------------------------------------------------------------


def test_no_two_einvoices_are_the_same_and_each_has_a_number_of_its_own() -> None:
    documents = einvoices().take(450)
    assert len({material.data for material in documents}) == len({material.name for material in documents}) == 450
    for number in (0, 1, 200, 449):
        root = ET.fromstring(documents[number].data)
        assert any((element.text or "").endswith(f"-{number}") for element in root.iter())


def test_variants_of_a_page_are_the_same_page() -> None:
    variants = Variants.of_pdfs(generated(1, scanned=False)).take(2)
    assert variants[0].data != variants[1].data
    texts = []
    for material in variants:
        with PdfDocument(material.data) as document:
            texts.append(document[0].get_textpage().get_text_range())
    assert texts[0] == texts[1] != ""


# -- load --------------------------------------------------------------------------------------------------------------


class Gateway:
    """Accepts documents one at a time, each ``seconds`` after it came; closes the connection after ``keep`` answers."""

    def __init__(self, *, seconds: float = 0.0, keep: int = 10**9, known: bool = False) -> None:
        self._busy = asyncio.Lock()
        self._seconds, self._keep, self._known = seconds, keep, known
        self._connections: set[asyncio.Task[None]] = set()
        self.bodies: list[bytes] = []
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Gateway"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
        async with asyncio.timeout(10):
            await asyncio.gather(*self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            for _ in range(self._keep):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                assert "Authorization: Bearer key\r\n" in head
                length = next(line for line in head.splitlines() if line.startswith("Content-Length: "))
                self.bodies.append(await reader.readexactly(int(length.partition(": ")[2])))
                number = len(self.bodies)
                async with self._busy:
                    await asyncio.sleep(self._seconds)
                document = {"document_id": f"id-{number}", "known": self._known}
                body = json.dumps({"documents": [document]}).encode()
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


async def test_every_document_is_uploaded_whole_and_once() -> None:
    documents = [Material(f"{number}.xml", b"<a>%d</a>" % number) for number in range(20)]
    async with Gateway(keep=3).serving() as gateway:
        sent = await closed(gateway.port, "key", documents, clients=4)
    assert len(sent.accepted) == 20
    assert sorted(body.split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0] for body in gateway.bodies) == sorted(
        material.data for material in documents
    )
    assert all(sent.accepted[one] >= sent.intended[one] for one in sent.accepted)


async def test_a_document_that_is_known_already_measures_nothing() -> None:
    async with Gateway(known=True).serving() as gateway, Uploader.opened(gateway.port, "key") as uploader:
        with pytest.raises(UploadError, match=r"a\.xml was not accepted as a new document"):
            await uploader.upload("a.xml", b"<a/>")


async def test_the_open_load_counts_the_waiting_that_a_slow_server_causes() -> None:
    documents = [Material(f"{number}.xml", b"<a/>") for number in range(10)]
    async with Gateway(seconds=0.05).serving() as gateway:
        sent = await opened(gateway.port, "key", documents, rate=1000)
    intended = sorted(sent.intended.values())
    assert intended[-1] - intended[0] == pytest.approx(9 / 1000), "the rate does not wait for answers"
    waits = sorted(sent.accepted[one] - sent.intended[one] for one in sent.accepted)
    assert waits[-1] >= 9 * 0.05, "the last waited for all before it"


# -- what Docker says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", ["total_inactive_file", "inactive_file"])
def test_what_the_kernel_may_take_back_is_no_memory_in_use(cache: str) -> None:
    stats = {
        "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}},
        "memory_stats": {"usage": 100, "stats": {cache: 30}},
        "networks": {"a": {"rx_bytes": 1, "tx_bytes": 2}, "b": {"rx_bytes": 10, "tx_bytes": 20}},
    }
    assert usage(stats) == Usage(2.5, 70, 11, 22)
    assert usage(stats).since(Usage(0.5, 999, 1, 2)) == Usage(2.0, 70, 10, 20)


def test_where_there_is_no_stack_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "holds no docker-compose.yml" in (why_no_stack(tmp_path) or "")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    assert why_no_stack(ROOT) == "The stack is not measured: no Docker engine answers."

    app = Typer()
    app.command()(bench)
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, ["--part", "stack"])
    assert result.exit_code == 1
    assert "no Docker engine answers" in result.output


# -- figures -----------------------------------------------------------------------------------------------------------


def run(rate: float, memory: int = 2**20) -> Run:
    return Run(
        documents=100,
        seconds_accepted=50 / rate,
        seconds_extracted=90 / rate,
        seconds_shown=100 / rate,
        accepted=TIMES,
        extracted=TIMES,
        usage={"kafka": Usage(1.0, memory, 5000, 6000), "ocr": Usage(0.5, memory, 1, 1)},
        client_cpu_seconds=0.1,
    )


def found(*, einvoices: float = 61.0, text: float = 16.0, scans: float = 1.6) -> dict[str, Any]:
    return stack_figures(
        StackFigures(
            read_model="stand-in:1",
            docling=[15.0, 14.0],
            rapidocr=[0.9, 1.0],
            einvoices=[run(1.0), run(einvoices), run(99.0)],
            text={"1": run(text), "2": run(text / 2)},
            scans={"1/1": run(scans / 2), "1/0": run(scans)},
            light={"text": Waits(TIMES, TIMES, TIMES)},
            loaded={"text": run(12.0)},
        )
    )


def test_the_targets_are_judged_by_the_median_run_and_the_better_turn_of_the_others() -> None:
    assert [one.met for one in stack_verdicts(found())] == [True] * 5
    assert [one.met for one in stack_verdicts(found(einvoices=59.9, text=14.9, scans=1.49))][:3] == [False] * 3
    first = stack_verdicts(found())[0]
    assert (first.target, first.found) == ("at least 60", "61.0")


def test_a_run_is_told_by_document() -> None:
    figures = found()["text"]["1"]
    assert (figures["rate_extracted"], figures["rate_shown"]) == (pytest.approx(100 / 90 * 16), 16.0)
    assert figures["cpu_ms"] == pytest.approx(15.0)
    assert figures["services"]["kafka"]["received_kb"] == pytest.approx(0.05)


def test_the_section_says_what_stood_in_for_mongodb() -> None:
    section = stack_section(CONDITIONS, found(), "plot.svg")
    assert "stand-in" in section
    assert "| e-invoices a second, end to end | at least 60 | 61.0 | met |" in section
    real = {**found(), "read_model": "mongo:8.0"}
    assert "stand-in" not in stack_section(CONDITIONS, real, "plot.svg")


@pytest.mark.parametrize(("last", "met"), [(120, True), (121, False)])
def test_growth_is_the_memory_at_the_end_over_that_after_the_first_part(last: int, *, met: bool) -> None:
    memory = [{"ocr": ocr, "kafka": kafka} for ocr, kafka in ((100, 100), (300, 200), (last, 300))]
    soak = Soak(1000, [run(50.0)] * 3, memory)
    figures = soak_figures(soak)
    (verdict,) = soak_verdicts(figures)
    assert verdict.met is met
    assert "| 2,000 | 50.0 | 0 | 0 |" in soak_section(CONDITIONS, "mongo:8.0", figures)


def test_a_later_run_replaces_its_own_section_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- measured: x -->\nold \\1\n<!-- end measured: x -->\nb\n<!-- measured: y -->\n<!-- end measured: y -->\n"
    )
    write_section(page, "x", r"new \1")
    write_section(page, "x", r"newer \1")
    text = "a\n<!-- measured: x -->\nnewer \\1\n<!-- end measured: x -->\nb\n<!-- measured: y -->\n<!-- end measured: y -->\n"
    assert page.read_text() == text
    with pytest.raises(ValueError, match="no place"):
        write_section(page, "z", "")


def test_the_page_of_the_repository_has_a_place_for_every_section() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for name in ("stack", "soak"):
        assert text.count(f"<!-- measured: {name} -->") == text.count(f"<!-- end measured: {name} -->") == 1


def test_the_plot_is_a_picture_with_a_bar_for_each_figure() -> None:
    root = ET.fromstring(stack_plot(found()))
    assert len(root.findall("{*}rect")) == 1 + 3 + 2
    widths = [
        float(bar.attrib["width"])
        for bar in ET.fromstring(bar_chart("a & b", [[Bar("<x>", 2.0), Bar("y", 1.0)]])).findall("{*}rect")
    ]
    assert widths[0] == 2 * widths[1]


# -- the whole ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.engine
async def test_the_stack_is_measured(docker_engine: None) -> None:
    said: list[str] = []
    plan = StackPlan(
        ROOT,
        generated(2, scanned=False),
        generated(1, scanned=True) * 2,
        said.append,
        einvoices=20,
        texts=4,
        scanned=1,
        readers=(1,),
        light=2,
        loaded_seconds=2,
    )
    figures = stack_figures(await measure_stack(plan))

    assert figures["read_model"] == read_model_image()
    assert figures["einvoices"][0]["documents"] == 20
    services = figures["einvoices"][0]["services"]
    assert services.keys() == {"gateway", "ingest", "ocr", "extract", "query", "kafka", "minio", "mongo"}
    assert all(used["cpu_ms"] > 0 for used in services.values())
    assert set(figures["scans"]) == {"1/1", "1/0"}
    assert len(stack_verdicts(figures)) == 5

    soak = await measure_soak(plan, documents=40, part=20)
    assert len(soak.memory) == 2
    assert soak.growth().keys() == services.keys()
