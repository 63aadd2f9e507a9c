"""The sentence that says what is happening, on the first rows of a picture."""

from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.findings import Sentence

KEPT = "\N{NO-BREAK SPACE}"


def lines_for(width: int, height: int) -> int:
    """How many lines the sentence may take; it always takes as many, so that nothing below it jumps."""
    wanted = 1 if width >= 130 else 2 if width >= 66 else 3 if width >= 45 else 4
    return min(wanted, max(1, height // 3))


def draw_sentence(picture: Picture, sentence: Sentence, lines: int, palette: Palette) -> int:
    """What is happening in the first rows, and what to try; returns the row below."""
    color = palette.color(sentence.role)
    words = [(word.replace(KEPT, " "), shade)
             for text, shade in ((sentence.says, color), (sentence.advice, palette.color("text")))
             for word in text.replace(" %", f"{KEPT}%").split(" ") if word]  # fmt: skip
    row, column = 0, picture.put(0, 0, sentence.glyph, color, BOLD) + 1
    for place, (word, shade) in enumerate(words):
        last = row == lines - 1 and place < len(words) - 1
        if column + len(word) + 2 * last > picture.width:
            if row == lines - 1:
                picture.put(row, min(column - 1, picture.width - 1), "…", shade)
                break
            row, column = row + 1, 2
        column = picture.put(row, column, word, shade, BOLD if shade == color else 0) + 1
    return lines
