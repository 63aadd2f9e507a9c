"""A folder of images with a folder a class, as people have them."""

from pathlib import Path

from PIL import Image


def pets(place: Path, count: int = 5, stem: str = "") -> Path:
    """Cats, which are dark, and dogs, which are light: so many of each, gray, 8 x 8; gives their folder."""
    folder = place / "pets"
    for kind, shade in (("cat", 40), ("dog", 200)):
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (8, 8), shade + number).save(folder / kind / f"{stem}{number}.png")
    return folder
