"""``python -m invoiceflow_samples``: write the curated samples, or any number of varied ones, with their truth."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from invoiceflow_samples import LANGUAGES, Kind, Sample, curated, generate
from invoiceflow_samples.curated import CURATED

__all__ = ["main"]


def _write(samples: Iterable[Sample], folder: Path, total: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    live = sys.stderr.isatty()
    size = 0
    with (folder.parent / "truth.jsonl").open("w", encoding="utf-8", newline="\n") as truth:
        for number, sample in enumerate(samples, start=1):
            (folder / sample.name).write_bytes(sample.data)
            row = {**sample.truth, "file": f"{folder.name}/{sample.name}"}
            truth.write(json.dumps(row, ensure_ascii=False) + "\n")
            size += len(sample.data)
            if live:
                sys.stderr.write(f"\r{number}/{total} {sample.name:<50}")
                sys.stderr.flush()
    if live:
        sys.stderr.write("\n")
    truth_file = folder.parent / "truth.jsonl"
    sys.stdout.write(f"{total} documents, {size / 1e6:.1f} MB in {folder}; what they say in {truth_file}\n")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m invoiceflow_samples",
        description="Write sample invoices and, beside their folder, truth.jsonl with what they say.",
    )
    parser.add_argument("--out", type=Path, default=Path("samples/documents"), help="folder for the documents")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same documents (default 1)")
    parser.add_argument("--count", type=int, help="that many varied documents instead of the curated set")
    parser.add_argument(
        "--kinds",
        type=Kind,
        nargs="+",
        metavar="KIND",
        default=[Kind.PDF_TEXT],
        help=f"with --count, taken in turn: {', '.join(Kind)} (default pdf-text)",
    )
    parser.add_argument(
        "--languages", nargs="+", choices=LANGUAGES, default=LANGUAGES, metavar="CODE", help="with --count"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit code."""
    arguments = _arguments(argv)
    if arguments.count is None:
        _write(curated(arguments.seed), arguments.out, len(CURATED))
    else:
        samples = generate(arguments.seed, arguments.count, arguments.kinds, arguments.languages)
        _write(samples, arguments.out, arguments.count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
