"""The label lists of all languages, loaded once and matched on folded text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml
from rapidfuzz import fuzz, process

from invoiceflow_extract.local.folding import fold, fold_words
from invoiceflow_extract.local.page_text import Token

__all__ = ["COLUMN_ROLES", "FIELD_LABELS", "TOTAL_LABELS", "Lexicon", "Match", "lexicon"]

FIELD_LABELS = frozenset(
    [
        "number",
        "issue_date",
        "due_date",
        "delivery_date",
        "period",
        "order_date",
        "purchase_order",
        "buyer_reference",
        "customer_number",
        "other_number",
        "preceding_invoice",
        "payment_terms",
        "currency",
        "seller",
        "buyer",
        "ship_to",
        "vat_id",
        "tax_id",
        "registration_id",
        "iban",
        "bic",
        "payment_reference",
        "account_name",
        "account_number",
        "name",
        "address",
        "contact",
        "phone",
        "fax",
        "email",
        "web",
    ]
)
TOTAL_LABELS = frozenset(
    [
        "subtotal",
        "lines_net",
        "net",
        "tax",
        "gross",
        "total",
        "payable",
        "prepaid",
        "allowances",
        "charges",
        "rounding",
        "previous",
        "carried",
    ]
)
COLUMN_ROLES = frozenset(
    [
        "line_id",
        "item_code",
        "description",
        "quantity",
        "unit",
        "unit_price",
        "discount",
        "net",
        "tax_rate",
        "tax_amount",
        "gross",
        "basis",
        "date",
    ]
)
_LONGEST = 7  # words of a label
_COMPOUND = 9  # letters of the shortest compound
_FUZZY_LENGTH = 6  # shorter labels have too many neighbours
_FUZZY_CUTOFF = 88.0


@dataclass(frozen=True, slots=True)
class Match:
    """A label found at ``tokens[start:end]``: its meanings, and how well it fits (1 is exactly)."""

    start: int
    end: int
    meanings: frozenset[str]
    fit: float


class Lexicon:
    """Folded phrases and what they can mean."""

    def __init__(self, documents: Sequence[dict[str, dict[str, list[str]]]]) -> None:
        self.fields: dict[str, frozenset[str]] = {}
        self.totals: dict[str, frozenset[str]] = {}
        self.columns: dict[str, frozenset[str]] = {}
        self.titles: dict[str, str] = {}
        self.words: dict[str, frozenset[str]] = {}
        for document in documents:
            language = str(document["language"])
            self.words[language] = frozenset(map(fold, document["words"]))
            for target, section in (
                (self.fields, "labels"),
                (self.totals, "totals"),
                (self.columns, "columns"),
            ):
                for meaning, phrases in document.get(section, {}).items():
                    for phrase in phrases:
                        key = fold(phrase)
                        target[key] = target.get(key, frozenset()) | {meaning}
            for kind, phrases in document.get("titles", {}).items():
                for phrase in phrases:
                    self.titles.setdefault(fold(phrase), kind)
        self._choices = {
            id(table): [key for key in table if len(key) >= _FUZZY_LENGTH]
            for table in (self.fields, self.totals, self.columns)
        }

    def find(
        self,
        tokens: Sequence[Token],
        table: dict[str, frozenset[str]],
        start: int,
        *,
        fuzzy: bool = False,
        widest_gap: float = 1.2,
    ) -> Match | None:
        """Return the longest label of ``table`` that begins at ``tokens[start]``.

        Gaps wider than ``widest_gap`` line heights end it: what follows is another heading.
        """
        key = ""
        best: Match | None = None
        for end in range(start + 1, min(len(tokens), start + _LONGEST) + 1):
            if end > start + 1 and tokens[end - 1].x0 - tokens[end - 2].x1 > widest_gap * tokens[end - 1].height:
                break
            key += tokens[end - 1].key
            meanings = table.get(key)
            if meanings is not None and tokens[end - 1].key:
                best = Match(start, end, meanings, 1.0)
            if tokens[end - 1].text.endswith(":"):
                break
        if best is None and fuzzy:
            best = self._find_fuzzily(tokens, table, start)
        return best

    def look_up(self, text: str, table: dict[str, frozenset[str]], *, fuzzy: bool = False) -> frozenset[str]:
        """Return what the whole of ``text`` means in ``table``, nothing where it is not a label."""
        key = fold(text)
        found = table.get(key, frozenset())
        if not found and fuzzy and len(key) >= _FUZZY_LENGTH:
            near = process.extractOne(key, self._choices[id(table)], scorer=fuzz.ratio, score_cutoff=_FUZZY_CUTOFF)
            if near is not None:
                found = table[near[0]]
        return found

    def compound(self, key: str) -> frozenset[str]:
        """Return what a compound such as *Rahmenvertragsrabatt* means as a total: a discount or a charge by its end."""
        if not key.isalpha() or len(key) < _COMPOUND or key in self.totals:
            return frozenset()
        for start in range(3, len(key) - 4):
            meanings = self.totals.get(key[start:], frozenset())
            if meanings and meanings <= {"allowances", "charges"}:
                return meanings
        return frozenset()

    def _find_fuzzily(self, tokens: Sequence[Token], table: dict[str, frozenset[str]], start: int) -> Match | None:
        key = ""
        best: Match | None = None
        for end in range(start + 1, min(len(tokens), start + 4) + 1):
            key += tokens[end - 1].key
            if len(key) < _FUZZY_LENGTH or key.isdigit():
                continue
            near = process.extractOne(key, self._choices[id(table)], scorer=fuzz.ratio, score_cutoff=_FUZZY_CUTOFF)
            if near is not None and (best is None or near[1] / 100 >= best.fit):
                best = Match(start, end, table[near[0]], near[1] / 100)
            if tokens[end - 1].text.endswith(":"):
                break
        return best

    def language_of(self, text: str) -> list[tuple[str, int]]:
        """Return languages by how many of their frequent words stand in ``text``, the likeliest first."""
        words = fold_words(text).split()
        counts = [(language, sum(word in known for word in words)) for language, known in self.words.items()]
        return sorted(counts, key=lambda pair: -pair[1])


def _documents() -> Iterator[dict[str, dict[str, list[str]]]]:
    folder = files("invoiceflow_extract.local.labels")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            # The base loader keeps every scalar a string: "no" is a label here, not a truth value.
            yield yaml.load(entry.read_text("utf-8"), Loader=loader)  # noqa: S506


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Return the lexicon of all label files, read once."""
    return Lexicon(list(_documents()))
