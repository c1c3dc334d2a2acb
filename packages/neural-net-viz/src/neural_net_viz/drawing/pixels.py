"""A matrix as coloured squares: images, maps of weights, states over time."""

import base64
import struct
import zlib
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import Floats
from neural_net_viz.drawing.number_text import coordinate
from neural_net_viz.drawing.ramps import STEPS, Ramp, ramp_color, ramp_role

__all__ = ["affordable", "data_range", "draw_pixels", "ramp_steps"]

# Up to here a matrix is drawn as shapes; a larger one becomes a bitmap for light and one for dark
# pages, because shapes would make the file too large.
_MOST_SHAPES = 10_000
# Cells drawn as shapes that make some three megabytes.
_MOST_COST = 100_000
# A bitmap needs no more pixels than a screen shows.
_MOST_PIXELS = 512


def affordable(cells: int) -> int:
    """Return how many pictures of so many cells each a file can hold, at least four.

    A cell of a bitmap costs far less than one that is a shape of its own.

    Examples:
        >>> affordable(8 * 8), affordable(28 * 28), affordable(300 * 300)
        (1562, 127, 8)
    """
    return max(4, int(_MOST_COST / max(cells / (8 if cells > _MOST_SHAPES else 1), 1)))


def data_range(
    values: Floats, colors: Ramp, given: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return the values at the two ends of the colours.

    Args:
        values: The data, any shape; what is not finite is passed over.
        colors: A name of `RAMPS`; for "signed" the range is symmetric about 0.
        given: A range that goes before the data's own.

    Examples:
        >>> data_range(np.array([-1.0, 3.0]), "signed")
        (-3.0, 3.0)
    """
    if given is not None:
        return float(given[0]), float(given[1])
    finite = values[np.isfinite(values)]
    if not finite.size:
        return (-1.0, 1.0) if colors == "signed" else (0.0, 1.0)
    if colors == "signed":
        most = float(np.abs(finite).max()) or 1.0
        return -most, most
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low, low + 1.0)


def ramp_steps(values: Floats, low: float, high: float) -> npt.NDArray[np.int64]:
    """Return the ramp's step for every value, −1 for NaN; infinities take the ends."""
    missing = np.isnan(values)
    inside = np.clip(np.where(missing, low, values), low, high)
    # Halves first: the difference of two huge numbers must not overflow.
    span = high / 2 - low / 2
    fraction = (inside / 2 - low / 2) / span if span > 0 else np.zeros(values.shape)
    steps = np.rint(fraction * (STEPS - 1)).astype(np.int64)
    steps[missing] = -1
    return steps


def draw_pixels(
    canvas: Canvas,
    image: Floats,
    left: float,
    top: float,
    width: float,
    height: float,
    low: float,
    high: float,
    colors: Ramp,
) -> None:
    """Draw a matrix as squares; NaN shows what is behind.

    Args:
        canvas: Where to draw.
        image: (H, W).
        left: Left.
        top: Top.
        width: The room that all columns take together.
        height: The room that all rows take together.
        low: The value at the start of the colours.
        high: The value at their end.
        colors: A name of `RAMPS`.
    """
    if not image.size:
        return
    if image.size > _MOST_SHAPES:
        steps = ramp_steps(_reduced(image), low, high)
        for page in (0, 1):  # two pictures, of which the style sheet shows one
            address = _bitmap(steps, colors, page)
            canvas.image(left, top, width, height, address, ("light-page", "dark-page")[page])
        return
    rows, columns = image.shape
    steps = ramp_steps(image, low, high)
    paths: dict[int, list[str]] = {}
    xs = [coordinate(left + j * width / columns) for j in range(columns + 1)]
    ys = [coordinate(top + i * height / rows) for i in range(rows + 1)]
    for i, row in enumerate(steps):
        starts = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), columns]
        for a, b in pairwise(starts):  # equal neighbours in a row are one shape
            if row[a] >= 0:
                shape = f"M{xs[a]} {ys[i]}H{xs[b]}V{ys[i + 1]}H{xs[a]}Z"
                paths.setdefault(int(row[a]), []).append(shape)
    for step in sorted(paths):
        role = ramp_role(colors, step / (STEPS - 1))
        canvas.path("".join(paths[step]), f"fill-{role} crisp")


def _reduced(image: Floats) -> Floats:
    """Average blocks of a matrix that has more pixels than a screen shows."""
    for axis in (0, 1):
        parts = image.shape[axis]
        if parts > _MOST_PIXELS:
            starts = np.arange(_MOST_PIXELS) * parts // _MOST_PIXELS
            counts = np.diff([*starts, parts])
            shape = (-1, 1) if axis == 0 else (1, -1)
            with np.errstate(invalid="ignore"):
                image = np.add.reduceat(image, starts, axis=axis) / counts.reshape(shape)
    return image


def _bitmap(steps: npt.NDArray[np.int64], colors: Ramp, page: int) -> str:
    """Return a data address of a PNG with one palette entry per step, the last one clear."""
    rows, columns = steps.shape
    indices = np.where(steps < 0, STEPS, steps).astype(np.uint8)
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), indices], axis=1).tobytes()
    palette = bytes.fromhex(
        "".join(ramp_color(f"{colors}-{i}")[page].lstrip("#") for i in range(STEPS)) + "000000"
    )
    png = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", palette)
        + _chunk(b"tRNS", b"\xff" * STEPS + b"\x00")
        + _chunk(b"IDAT", _stored(lines))
        + _chunk(b"IEND", b"")
    )
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def _stored(data: bytes) -> bytes:
    """Wrap data as a zlib stream without compression.

    Compressors differ from one zlib to the next; stored blocks are the same bytes everywhere.
    """
    out = [b"\x78\x01"]
    blocks = [data[i : i + 65535] for i in range(0, len(data), 65535)] or [b""]
    for i, block in enumerate(blocks):
        last = 1 if i == len(blocks) - 1 else 0
        out.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    return b"".join(out) + struct.pack(">I", zlib.adler32(data))
