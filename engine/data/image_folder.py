"""A person's own images: a folder with one folder a class, each with PNG or JPEG files."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.data.base import DataSet, Table
from engine.data.folders import own_path
from engine.errors import BadInput

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = {".png", ".jpg", ".jpeg"}


class ImageFolder(DataSet, name="image_folder"):
    """Images of your own: a folder with one folder of PNG or JPEG files a class."""

    path: str = Field("", description="the folder that holds a folder for each class")
    size: int | None = Field(
        None, ge=1, le=4096, description="side in pixels of the square to which images are resized"
    )
    grayscale: bool = Field(False, description="one gray channel instead of red, green and blue")

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Images (rows, 1 or 3, height, width) with pixels from 0 to 1; the classes are the folders' names, sorted.

        The order is the first image of each class, then the second of each, so that a limit keeps every class.
        Raises BadInput for a folder without classes, a class without images, an image that cannot be read, and images
        of several sizes where `size` is not given.
        """
        root = own_path(self.path, folder, "a folder with one folder of images a class")
        files = _files(root)
        order = sorted(
            (position, label) for label, images in enumerate(files.values()) for position in range(len(images))
        )
        columns = list(files.values())
        paths = [columns[label][position] for position, label in order]
        pixels = np.stack(self._same_size(paths))
        if pixels.ndim == 3:
            pixels = pixels[..., None]
        x = np.divide(pixels.transpose(0, 3, 1, 2), np.float32(255), dtype=np.float32, order="C")
        return Table(x, np.array([label for _, label in order], np.int64), classes=tuple(files))

    def _same_size(self, paths: list[Path]) -> list[NDArray[np.uint8]]:
        images: list[NDArray[np.uint8]] = []
        for path in paths:
            image = self._read(path)
            if images and image.shape != images[0].shape:
                (height, width), (first_height, first_width) = image.shape[:2], images[0].shape[:2]
                raise BadInput(
                    f"{path}: is {width}x{height} pixels, but {paths[0].name} is {first_width}x{first_height}; "
                    f"set data.size to resize all"
                )
            images.append(image)
        return images

    def _read(self, path: Path) -> NDArray[np.uint8]:
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with Image.open(path, formats=("PNG", "JPEG")) as opened:
                image = _eight_bits(ImageOps.exif_transpose(opened)).convert("L" if self.grayscale else "RGB")
                if self.size:
                    image = image.resize((self.size, self.size), Image.Resampling.BILINEAR)
                return np.asarray(image, np.uint8)
        except UnidentifiedImageError:
            raise BadInput(f"{path}: not a PNG or JPEG image; replace or remove it") from None
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise BadInput(f"{path}: damaged image ({error}); replace or remove it") from None


def _files(root: Path) -> dict[str, list[Path]]:
    try:
        folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        files = {folder.name: sorted(file for file in folder.iterdir() if _is_image(file)) for folder in folders}
    except OSError as error:
        raise BadInput(f"{error.filename or root}: cannot be read ({(error.strerror or str(error)).lower()})") from None
    if len(files) < 2:
        raise BadInput(f"{root}: has {len(files)} class folders; make at least two folders with images in it")
    for name, images in files.items():
        if not images:
            raise BadInput(f"{root / name}: holds no PNG or JPEG file; add some, or remove the class")
    return files


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in ENDINGS and not file.name.startswith(".") and file.is_file()


def _eight_bits(image: "Image.Image") -> "Image.Image":
    """Halves the depth of 16-bit gray images, which Pillow would cut off at 255."""
    from PIL import Image

    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
