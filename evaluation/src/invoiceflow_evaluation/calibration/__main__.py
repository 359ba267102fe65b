"""``python -m invoiceflow_evaluation.calibration FOLDER…``: fit the local engine's confidence anew."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from invoiceflow_evaluation.cache import default_cache
from invoiceflow_evaluation.calibration.corpus import GENERATED, LABELLED, corpus
from invoiceflow_evaluation.calibration.figures import groups, trade_offs
from invoiceflow_evaluation.calibration.fitting import cross_validated, fit, passing
from invoiceflow_evaluation.calibration.page import accuracy_page, data_card
from invoiceflow_evaluation.pipeline import LayoutCache, Pipeline
from invoiceflow_evaluation.reliability_plot import reliability_plot
from invoiceflow_evaluation.truth import TruthError

__all__ = ["main"]

_TARGETS = (0.95, 0.97, 0.98, 0.99)


def calibrate(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER", help="Folders with truth.jsonl and its documents.")
    ],
    table: Annotated[Path, typer.Option(help="Where calibration.json is written, its data card beside it.")],
    page: Annotated[Path | None, typer.Option(help="Where the accuracy page is written, its plot beside it.")] = None,
    generated: Annotated[int, typer.Option(min=0, help="Documents of the generator.")] = 150,
    cache: Annotated[Path | None, typer.Option(help="Where layouts are kept between runs.")] = None,
) -> None:
    """Fit on labelled documents and write the table, its data card and the accuracy page."""
    console = Console()
    pipeline = Pipeline(LayoutCache(cache or default_cache()), with_e_invoices=False)
    try:
        documents = list(corpus(folders, generated, pipeline))
    except TruthError as error:
        raise typer.BadParameter(str(error)) from error
    judged = cross_validated(documents)
    # The generator's documents tell little about what passes: their templates are few, known and easy.
    real = [one for one in judged if not one.document.source.name.startswith(GENERATED)]
    fitted = fit(documents, passing(real))
    found, today = groups(judged), datetime.now(UTC).date().isoformat()
    table.write_text(fitted.model_dump_json(indent=2) + "\n", encoding="utf-8")
    table.with_name("calibration.md").write_text(data_card(found, fitted, today), encoding="utf-8")
    if page is not None:
        trades = list(trade_offs(real, fitted, _TARGETS))
        page.write_text(accuracy_page(found, trades, fitted, today), encoding="utf-8")
        bins = {group.source: group.bins for group in found if group.source.startswith(LABELLED)}
        series = {"the engine's own score": found[0].bins_before, **bins}
        page.with_name("reliability.svg").write_text(
            reliability_plot("Share of right header values by confidence", series), encoding="utf-8"
        )
    for group in found:
        console.print(
            f"{group.source}: {group.documents} documents, {group.layouts} layouts, {group.values} header values, "
            f"right {group.right:.3f}, calibration error {group.error_before:.3f} -> {group.error:.3f}"
        )


def main() -> None:
    """Run the command."""
    typer.run(calibrate)


if __name__ == "__main__":
    main()
