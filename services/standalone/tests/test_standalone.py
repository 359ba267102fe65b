import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from invoiceflow_contracts.topics import topic_specs
from invoiceflow_standalone.broker import EmbeddedBroker
from invoiceflow_standalone.data_dir import DataDirError, exclusive
from invoiceflow_standalone.listening import PortError, free_port
from invoiceflow_standalone.main import create_app
from invoiceflow_standalone.settings import StandaloneSettings


async def test_the_embedded_broker_has_every_topic_and_moves_records() -> None:
    broker = EmbeddedBroker()
    async with (
        AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, enable_idempotence=True) as producer,
        AIOKafkaConsumer(
            "document.uploaded", bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
        ) as consumer,
    ):
        assert {spec.name for spec in topic_specs()} <= await consumer.topics()
        await producer.send_and_wait("document.uploaded", b"hello")
        record = await consumer.getone()
        assert record.value == b"hello"


def test_a_data_directory_is_made_and_held(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"
    with exclusive(folder), pytest.raises(DataDirError, match=f"process {os.getpid()}"), exclusive(folder):
        pass
    with exclusive(folder):
        pass


def test_a_killed_process_leaves_its_data_directory_free(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from invoiceflow_standalone.data_dir import exclusive\n"
        "with exclusive(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with exclusive(tmp_path):
        pass


def test_a_data_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirError, match="INVOICEFLOW_DATA_DIR"), exclusive(tmp_path / "file" / "var"):
        pass


def test_a_taken_port_is_found_out_before_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortError, match="taken by another program"):
        free_port("127.0.0.1", taken.getsockname()[1])
    assert free_port("127.0.0.1", 0) > 0


def test_a_host_that_is_not_this_machine_is_a_sentence() -> None:
    with pytest.raises(PortError, match="INVOICEFLOW_HOST"):
        free_port("192.0.2.1", 8080)


def test_all_routes_are_under_one_address(tmp_path: Path) -> None:
    paths = create_app(StandaloneSettings(data_dir=tmp_path)).openapi()["paths"]
    assert {"get", "post"} <= paths["/v1/documents"].keys()
    assert {"/v1/invoices", "/v1/invoices/export", "/v1/stats"} <= paths.keys()
