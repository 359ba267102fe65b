"""The fit itself: a logistic regression with few weights, and the table of what passes.

Values of one document are right or wrong together, and documents of one template are alike; so a layout's weight grows with
the square root of its values only, and in the cross-validation a layout is fitted on or measured on, never both.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from invoiceflow_evaluation.calibration.examples import Example, Labelled, layouts_of
from invoiceflow_extract.calibration import Calibration, Passing
from invoiceflow_extract.calibration.signals import SIGNALS

__all__ = ["Judged", "cross_validated", "fit", "passing"]

Floats = NDArray[np.float64]

FOLDS = 10
PENALTY = 3.0
"""L2 on every weight but the constant: a signal seldom seen says little."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A document with chances from a fit that has not seen its layout."""

    document: Labelled
    values: tuple[tuple[Example, float], ...]
    """Each example and the chance that was given to it."""
    confidence: float
    """Of the document: that of its least certain key field; 0 where it is stopped."""
    weight: float


def fit(documents: Sequence[Labelled], rows: Sequence[Passing] = ()) -> Calibration:
    """Return the weights that make the examples likeliest (Newton's method), with ``rows`` as the table of what passes."""
    pairs = [(document, example) for document in documents for example in document.examples]
    families = sorted({example.family for _, example in pairs})
    names = list(SIGNALS)
    share = _weights(documents)
    matrix = np.zeros((len(pairs), 1 + len(names) + len(families)))
    for row, (_, example) in enumerate(pairs):
        matrix[row, 0] = 1.0
        matrix[row, 1 + len(names) + families.index(example.family)] = 1.0
        for name, value in example.signals.items():
            matrix[row, 1 + names.index(name)] = value
    right = np.array([example.right for _, example in pairs], dtype=float)
    weight = np.array([share[id(document)] for document, _ in pairs])
    solution = [round(float(value), 3) for value in _logistic(matrix, right, weight / weight.mean())]
    return Calibration(
        constant=solution[0],
        signals=dict(zip(names, solution[1 : 1 + len(names)], strict=True)),
        families=dict(zip(families, solution[1 + len(names) :], strict=True)),
        passing=tuple(rows),
    )


def _weights(documents: Sequence[Labelled]) -> Mapping[int, float]:
    """Return the weight of each value of a document, by the document's ``id``."""
    values: dict[tuple[str, str], int] = defaultdict(int)
    for document in documents:
        values[document.source.name, document.layout] += len(document.examples)
    return {
        id(document): document.source.weight / max(1, values[document.source.name, document.layout]) ** 0.5
        for document in documents
    }


def _logistic(matrix: Floats, right: Floats, weight: Floats) -> Floats:
    solution = np.zeros(matrix.shape[1])
    penalty = np.full(matrix.shape[1], PENALTY)
    penalty[0] = 1e-3  # only so that the system can always be solved
    for _ in range(100):
        chance = 1 / (1 + np.exp(-matrix @ solution))
        slope = matrix.T @ (weight * (right - chance)) - penalty * solution
        curve = (matrix * (weight * chance * (1 - chance))[:, None]).T @ matrix + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        solution += step
        if np.abs(step).max() < 1e-8:
            break
    return solution


def cross_validated(documents: Sequence[Labelled], seed: int = 0) -> list[Judged]:
    """Return every document with chances from a fit on the other folds; a layout is in one fold, whatever its source."""
    layouts = sorted(layouts_of(documents))
    Random(seed).shuffle(layouts)  # noqa: S311 - reproducible folds, no secret
    fold = {layout: number % FOLDS for number, layout in enumerate(layouts)}
    share = _weights(documents)
    judged: list[Judged] = []
    for number in range(FOLDS):
        table = fit([document for document in documents if fold[document.layout] != number])
        judged += [
            judge(document, table, share[id(document)]) for document in documents if fold[document.layout] == number
        ]
    return judged


def judge(document: Labelled, table: Calibration, weight: float) -> Judged:
    """Return the document with the chances that ``table`` gives."""
    values = tuple((example, table.confidence(example.family, example.signals)) for example in document.examples)
    least = min((table.confidence(family, found) for _, family, found in document.key), default=0.0)
    return Judged(document, values, 0.0 if document.stopped else least, weight)


def passing(judged: Sequence[Judged]) -> list[Passing]:
    """Return for rising confidences the share of header values that is right in the documents at or above it.

    Documents are pooled until the rate rises with the confidence (pool adjacent violators): a dip among a few is chance.
    """
    blocks: list[list[float]] = []  # confidence from which on, right, all: of the documents between two confidences
    for one in sorted((each for each in judged if each.confidence), key=lambda each: each.confidence):
        header = [example.right for example, _ in one.values if example.header]
        blocks.append([one.confidence, one.weight * sum(header), one.weight * len(header)])
        # Blocks that are as right as each other are one, too: the table needs no more rows than it has steps.
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
            _, right, total = blocks.pop()
            blocks[-1][1] += right
            blocks[-1][2] += total
    rows: list[Passing] = []
    right = total = 0.0
    for start, right_here, total_here in reversed(blocks):
        right, total = right + right_here, total + total_here
        rows.append(Passing(confidence=start, precision=round(right / total, 4)))
    return rows[::-1]
