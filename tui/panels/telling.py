"""The sentence that says what is happening, on the first rows of a picture."""

from tui.case import Sentence
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture

KEPT = "\N{NO-BREAK SPACE}"
INDENT = 2


def lines_for(width: int, height: int) -> int:
    """How many lines the sentence may take; it always takes as many, so that nothing below it jumps."""
    wanted = 1 if width >= 130 else 2 if width >= 66 else 3 if width >= 45 else 4
    return min(wanted, max(1, height // 3))


def draw_sentence(picture: Picture, sentence: Sentence, lines: int, palette: Palette) -> int:
    """What is happening in the first rows, and what to try; returns the row below. Where there is no room for all of
    it, in fewer words: it is the advice that must be read."""
    whole, brief, bare = (_laid(says, sentence.advice, picture.width) for says in (sentence.says, sentence.brief, ""))
    known = [whole, *([brief] if sentence.brief else []), *([bare] if sentence.advice else [])]
    laid = next((rows for rows in known if len(rows) <= lines), known[-1])
    colors = {True: palette.color(sentence.role), False: palette.color("text")}
    picture.put(0, 0, sentence.glyph, colors[True], BOLD)
    for row, words in enumerate(laid[:lines]):
        column = INDENT
        for word, said in words:
            column = picture.put(row, column, word, colors[said], BOLD * said) + 1
        if row == lines - 1 and len(laid) > lines:
            picture.put(row, max(0, min(column - 1, picture.width - 1)), "…", palette.color("text"))
    return lines


def lines_of(sentence: Sentence, width: int) -> int:
    """How many lines all of a sentence takes."""
    return len(_laid(sentence.says, sentence.advice, width))


def _laid(says: str, advice: str, width: int) -> list[list[tuple[str, bool]]]:
    """Words on lines, and whether each is of what is said, or of what is advised."""
    rows: list[list[tuple[str, bool]]] = [[]]
    column = INDENT
    for text, said in ((says, True), (advice, False)):
        for word in filter(None, text.replace(" %", f"{KEPT}%").split(" ")):
            if column + len(word) > width and rows[-1]:
                rows.append([])
                column = INDENT
            rows[-1].append((word.replace(KEPT, " "), said))
            column += len(word) + 1
    return rows
