"""What the figures were taken on; without it they say nothing."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from invoiceflow_ocr.processors import available_processors

__all__ = ["environment"]

_PACKAGES = (
    "invoiceflow-standalone", "invoiceflow-ocr", "invoiceflow-extract", "docling-slim", "docling-parse", "pypdfium2",
    "rapidocr", "onnxruntime", "openvino", "confluent-kafka", "aiokafka", "faststream",
)  # fmt: skip


def environment() -> dict[str, str]:
    """Return the machine, its load at this moment, and the versions that matter."""
    found = {
        "processor": _from_file(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        "processors available": str(available_processors()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        found["load before"] = f"{os.getloadavg()[0]:.2f} (one minute; other programs' share distorts the figures)"
    return found | {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _memory() -> str:
    total = _from_file(Path("/proc/meminfo"), "MemTotal")
    return f"{int(total.split()[0]) / 1024**2:.1f} GiB" if total else "unknown"


def _from_file(path: Path, key: str) -> str | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next(
        (value.strip() for name, _, value in (line.partition(":") for line in lines) if name.strip() == key), None
    )
