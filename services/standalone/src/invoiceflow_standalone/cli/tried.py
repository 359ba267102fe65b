"""The questions to language models, as ``invoiceflow show`` prints them."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from invoiceflow_contracts.extraction import Outcome, Tried, Verdict
from invoiceflow_standalone.cli.tables import amount, plain, table

__all__ = ["print_tried"]

_ANSWERED = {Outcome.ANSWERED, Outcome.CACHED}
_FOR_NOTHING = {Verdict.UNGROUNDED, Verdict.INVALID, Verdict.MODELS_DIFFER}


def print_tried(tried: Sequence[Tried], out: Console) -> None:
    """Print a row for each question, and under them the values that were said and do not count."""
    if not tried:
        return
    out.print(_rows(tried))
    for each in tried:
        for answer in each.answers:
            if answer.verdict in _FOR_NOTHING:
                field = answer.pointer.strip("/").replace("/", ".")
                said = plain(f"{each.model} said {field} = {answer.value or ''}: ", "dim")
                out.print(said.append(_words(answer.verdict), style="yellow"), soft_wrap=True)


def _rows(tried: Sequence[Tried]) -> Table:
    rows = table("Asked", "Model", "Prompt", "Outcome", ">Requests", ">Tokens", ">Cost", ">Seconds", "Values")
    for each in tried:
        verdicts = Counter(answer.verdict for answer in each.answers)
        rows.add_row(
            each.question,
            plain(each.model),
            each.prompt,
            Text(_words(each.outcome), style="green" if each.outcome in _ANSWERED else "yellow"),
            str(each.requests),
            str(each.input_tokens + each.output_tokens),
            "" if each.money is None else f"{amount(each.money.normalize())} {each.currency or ''}".strip(),
            f"{each.seconds:.1f}",
            ", ".join(f"{count} {_words(verdict)}" for verdict, count in sorted(verdicts.items())),
        )
    return rows


def _words(name: Outcome | Verdict) -> str:
    return name.value.replace("_", " ")
