"""When two texts say the same: case, punctuation, spaces and legal forms folded away."""

import unicodedata

__all__ = ["fold_identifier", "fold_name", "fold_text"]

# Written together, without dots: "sp. z o.o." is "spzoo".
_LEGAL_FORMS = frozenset(
    """
    ab ag aps as asa bv bvba co company corp corporation cv cvba doo eg ei eirl ek ekfm eood eurl ev gbr gesmbh ggmbh gmbh
    gmbh&cokg haftungsbeschränkt hb inc incorporated kb kft kg kgaa ks lda limitada limited llc llp lp ltd ltda mbh nv nyrt
    og ohg ood ou oy oyj oü partg plc private pte pty pvt sa sab sarl sas sasu sca sci scop se sia sl slu snc
    sociedadlimitada spa spj spk spolsro spzoo sprl srl srls sro sàrl uab ug unipessoal vof zrt
    """.split()  # noqa: SIM905 - a list of 80 strings is unreadable
)
_CONNECTIVES = frozenset({"&", "+", "and", "und", "et", "y"})
_LONGEST_FORM = 4  # words, as in "sp. z o. o."


def fold_text(text: str) -> str:
    """Return ``text`` in lower case with one space wherever punctuation or white space was."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in normal).split())


def fold_identifier(text: str) -> str:
    """Return ``text`` (a number, VAT identifier, IBAN) in lower case without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold_name(name: str) -> str:
    """Return a party's name in lower case without punctuation, spaces and the legal forms before or after it.

    A name that is nothing but a legal form stays as it is.
    """
    words = _words(name)
    core = _without_trailing_forms(words)
    core = _without_leading_form(core)
    return "".join(word for word in (core or words) if word not in {"&", "+"})


def _words(name: str) -> list[str]:
    normal = unicodedata.normalize("NFKC", name).casefold().replace("&", " & ").replace("+", " + ")
    # Dots and apostrophes join what they separate ("s.r.o." is "sro"); every other sign separates.
    joined = "".join(char for char in normal if char not in ".'’`")
    return "".join(char if char.isalnum() or char in "&+" else " " for char in joined).split()


def _without_trailing_forms(words: list[str]) -> list[str]:
    rest = words
    while rest:
        if rest[-1] in _CONNECTIVES and rest is not words:
            rest = rest[:-1]
            continue
        for length in range(min(_LONGEST_FORM, len(rest)), 0, -1):
            if "".join(rest[-length:]) in _LEGAL_FORMS:
                rest = rest[:-length]
                break
        else:
            break
    return rest


def _without_leading_form(words: list[str]) -> list[str]:
    return words[1:] if len(words) > 1 and words[0] in _LEGAL_FORMS else words
