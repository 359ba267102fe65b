"""Quarter turns of what stands on a page, in fractions of it."""

from invoiceflow_contracts.layout import Box, Line

__all__ = ["turned_box", "turned_line"]


def turned_box(box: Box, turn: int) -> Box:
    """Return where a box is once the page is turned clockwise by 0, 90, 180 or 270 degrees."""
    x0, y0, x1, y1 = box
    match turn:
        case 90:
            return Box(_complement(y1), x0, _complement(y0), x1)
        case 180:
            return Box(_complement(x1), _complement(y1), _complement(x0), _complement(y0))
        case 270:
            return Box(y0, _complement(x1), y1, _complement(x0))
        case _:
            return box


def turned_line(line: Line, turn: int) -> Line:
    """Return a line with its words where they are once the page is turned."""
    if not turn:
        return line
    return Line(words=tuple(word.model_copy(update={"box": turned_box(word.box, turn)}) for word in line.words))


def _complement(fraction: float) -> float:
    return round(1.0 - fraction, 5)
