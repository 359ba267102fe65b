"""``docs/accuracy.md`` and the data card, written from the figures."""

import math
from collections.abc import Iterable, Sequence

from invoiceflow_evaluation.calibration.figures import Group, TradeOff
from invoiceflow_extract.calibration import Calibration
from invoiceflow_extract.calibration.signals import SIGNALS

__all__ = ["accuracy_page", "data_card"]

_ACCURACY = """# Accuracy

How sure the values are, and what that is worth. Written by `make calibrate` on {date}; how the figures are taken is in
[ADR 0017](adr/0017-calibrated-confidence.md), how to take them on documents of your own in [Measure extraction](how-to/measure-extraction.md).

## Confidence is a chance

Of the values at 0.9, nine in ten are right. The local engine's own scores are turned into chances by a small table of weights that was fitted on labelled documents;
values of e-invoices are exact and stay at 1. Below, every document was judged by a fit that had not seen its layout.

![Share of right values by confidence](reliability.svg)

{groups}

*strange* are the same documents with a fifth of their lines in words that the engine does not know and a tenth of the lines without values lost:
how it fares where its word lists end. Expected calibration error: the mean distance between confidence and share of right values over ten bins of equal width, each layout
with the weight of the square root of its values. *Before* is the engine's own score.

| confidence | values | right |
|---|---|---|
{bins}

## What passes without review

`INVOICEFLOW_EXTRACT_REVIEW_TARGET_PRECISION` ([settings](reference/settings.md#extract)) says how many header values are to be right in the invoices that pass. An invoice passes when
no check found an error and none of its key fields (number, issue date, seller, currency, total) is below the confidence at which documents that were not fitted on reached
that rate, the strange ones among them. The higher the target, the fewer pass:

{trade_offs}

Where no confidence reaches the target, every invoice that was read from a page is for a person. E-invoices pass unless a check finds an error.

## What speaks for a value

| signal | weight | |
|---|---|---|
{signals}

A value's log-odds are the sum of a constant ({constant:+.2f}), its field's share and its signals, each times its weight. Fields: {families}.
"""


def accuracy_page(groups: Sequence[Group], trades: Iterable[TradeOff], table: Calibration, date: str) -> str:
    """Return the page."""
    real = groups[0]
    return _ACCURACY.format(
        date=date,
        groups=_groups(groups),
        bins="\n".join(
            f"| {each.low:.1f} to {each.high:.1f} | {each.claims} | {each.right:.3f} |" for each in real.bins
        ),
        trade_offs=_trades(trades),
        signals="\n".join(f"| {name} | {table.signals[name]:+.2f} | {text} |" for name, text in SIGNALS.items()),
        constant=table.constant,
        families=", ".join(f"{name.replace('_', ' ')} {value:+.2f}" for name, value in sorted(table.families.items())),
    )


def data_card(groups: Sequence[Group], table: Calibration, date: str) -> str:
    """Return the card that is shipped beside the table."""
    return f"""# calibration.json

| | |
|---|---|
| what | weights that turn the local engine's scores into the chance that a value is right, and from which confidence on documents are right to which rate |
| made | {date}, by `make calibrate` |
| form | logistic regression with L2, {1 + len(table.signals) + len(table.families)} weights; {len(table.passing)} steps of passing; JSON, no code |
| data | labelled invoices of public repositories under free licences, the project's generator, and strange variants of both: see below; none of a customer |
| measured | by ten-fold cross-validation in which a layout is fitted on or measured on, never both |
| limits | Latin script; invoices in the languages of the label files; what the generator writes is easier than what people send |
| inside | no text, name or number of any document |

{_groups(groups)}
"""


def _groups(groups: Sequence[Group]) -> str:
    rows = [
        f"| {group.source} | {group.documents} | {group.layouts} | {group.values} | {group.right:.3f} | {group.error_before:.3f} | {group.error:.3f} |"
        for group in groups
    ]
    head = "| documents | | layouts | header values | right | calibration error before | after |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *rows])


def _trades(trades: Iterable[TradeOff]) -> str:
    rows = ["| target | from confidence | documents | pass | right of their header values |", "|---|---|---|---|---|"]
    for trade in trades:
        start = "none" if math.isinf(trade.threshold) else f"{trade.threshold:.3f}"
        right = f"{trade.right} of {trade.values}: {trade.right / trade.values:.3f}" if trade.values else "-"
        share = f"{trade.passed} of {trade.documents}"
        rows.append(f"| {trade.target:.3g} | {start} | {trade.source} | {share} | {right} |")
    return "\n".join(rows)
