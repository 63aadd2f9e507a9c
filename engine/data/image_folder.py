"""A person's own images: a folder with one folder a class, each with PNG or JPEG files."""

import warnings
from math import ceil, prod
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.data.base import DataSet, Table
from engine.data.folders import own_path
from engine.errors import BadInput
from engine.files import reason, unreadable

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = {".png", ".jpg", ".jpeg"}
UNREAD = {".heic", ".heif", ".avif", ".webp", ".gif", ".bmp", ".tif", ".tiff"}  # images too, which nobody means to lose
LARGEST = 1 << 31  # values of all images together


class ImageFolder(DataSet, name="image_folder"):
    """Images of your own: a folder with one folder of PNG or JPEG files a class; what is transparent becomes white."""

    path: str = Field("", description="the folder that holds a folder for each class")
    size: int | None = Field(
        None, ge=1, le=4096, description="side in pixels of the square to which images are resized"
    )
    grayscale: bool = Field(False, description="one gray channel instead of red, green and blue")

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Images (rows, 1 or 3, height, width) with pixels from 0 to 1; the classes are the folders' names, sorted.

        The order is the first image of each class, then the second of each, so that a limit keeps every class. No
        more are read than it takes, with as many held out as belong to them. Raises BadInput for a folder without
        classes, a class without images, an image that cannot be read, images of several sizes where `size` is not
        given, images of other formats beside them, and more than 8 GB of them.
        """
        root = own_path(self.path, folder, "a folder with one folder of images a class")
        files = _files(root)
        order = sorted(
            (position, label) for label, images in enumerate(files.values()) for position in range(len(images))
        )[: self._enough]
        columns = list(files.values())
        paths = [columns[label][position] for position, label in order]
        pixels = np.stack(self._same_size(paths))
        if pixels.ndim == 3:
            pixels = pixels[..., None]
        x = np.divide(pixels.transpose(0, 3, 1, 2), np.float32(255), dtype=np.float32, order="C")
        names = tuple(_shown(f"{path.parent.name}/{path.name}") for path in paths)
        return Table(x, np.array([label for _, label in order], np.int64), classes=tuple(files), files=names)

    @property
    def _enough(self) -> int | None:
        """How many images leave `limit` to train on, and one for each share that is held out, rounded; None for all."""
        if self.limit is None:
            return None
        shares = [share for share in (self.test, self.validation) if share]
        least = max([self.limit + 0.5 * len(shares), *(1 / share for share in shares)])
        return ceil(least / prod(1 - share for share in shares))

    def _same_size(self, paths: list[Path]) -> list[NDArray[np.uint8]]:
        from PIL.Image import DecompressionBombWarning

        images: list[NDArray[np.uint8]] = []
        for path in paths:
            with warnings.catch_warnings():
                warnings.simplefilter("error", DecompressionBombWarning)
                image = self._read(path)
            if image.size * len(paths) > LARGEST:
                raise BadInput(
                    f"{path}: is {image.shape[1]}x{image.shape[0]} pixels, and {len(paths):,} such images are more "
                    f"than the memory takes; set data.size to a smaller side, or data.limit"
                )
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
                image = _opaque(_eight_bits(ImageOps.exif_transpose(opened)))
                image = image.convert("L" if self.grayscale else "RGB")
                if self.size:
                    image = image.resize((self.size, self.size), Image.Resampling.BILINEAR)
                return np.asarray(image, np.uint8)
        except UnidentifiedImageError:
            raise BadInput(f"{path}: not a PNG or JPEG image; replace or remove it") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            most = f"{Image.MAX_IMAGE_PIXELS or 0:,}"
            raise BadInput(f"{path}: has more than {most} pixels; make it smaller, or remove it") from None
        except (OSError, SyntaxError, ValueError) as error:
            if isinstance(error, OSError) and error.strerror:
                raise BadInput(f"{path}: cannot be read ({reason(error)}); mend or remove it") from None
            raise BadInput(f"{path}: damaged image ({error}); replace or remove it") from None


def _files(root: Path) -> dict[str, list[Path]]:
    try:
        folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        files = {
            _shown(folder.name): sorted(file for file in folder.iterdir() if _is_image(file)) for folder in folders
        }
    except OSError as error:
        raise unreadable(error, error.filename or root) from None
    if len(files) < 2:
        found = "one class folder" if files else "no class folders"
        raise BadInput(f"{root}: has {found}; make at least two folders with images in it, one a class")
    for folder in folders:
        if not files[_shown(folder.name)]:
            deeper = any(entry.is_dir() for entry in folder.iterdir())
            fix = f"if its folders are the classes, set data.path to {folder}" if deeper else "add some"
            raise BadInput(f"{folder}: holds no PNG or JPEG file; {fix}, or remove it")
    for folder in folders:
        unread = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in UNREAD and file.name[0] != ".")
        if unread:
            more = f" and {len(unread) - 1:,} more" if len(unread) > 1 else ""
            raise BadInput(f"{folder}: holds {unread[0]}{more}, neither PNG nor JPEG; convert or remove them")
    return files


def _shown(name: str) -> str:
    """A name as it can be shown everywhere: accents part of their letters, as not on a Mac, and ? for what is no
    character."""
    return "".join(one if one.isprintable() else "?" for one in normalize("NFC", name))


def _is_image(file: Path) -> bool:
    """Whether a file is to be read as an image; a link whose file is gone is, and then refused."""
    named = file.suffix.lower() in ENDINGS and not file.name.startswith(".")
    return named and (file.is_file() or not file.exists())


def _eight_bits(image: "Image.Image") -> "Image.Image":
    """Halves the depth of 16-bit gray images, which Pillow would cut off at 255."""
    from PIL import Image

    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))


def _opaque(image: "Image.Image") -> "Image.Image":
    """Puts an image with transparent parts on white; without, Pillow would show the colour that is hidden in them."""
    from PIL import Image

    if not image.has_transparency_data:
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
