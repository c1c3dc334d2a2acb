"""The one type that every function of this package returns: a finished SVG picture."""

import html
import os
from pathlib import Path

from neural_net_core.checks import check_flag
from neural_net_core.files.whole_file import file_name, replace_file

__all__ = ["Figure"]


class Figure:
    """A finished figure: SVG text with a size, a title and a description.

    The same input gives the same bytes on every run: numbers have a fixed format, ids come from
    the content, and nothing tells the time. The figure carries its own style sheet, with colours
    for light and for dark pages, and scales with the page it stands in.

    Args:
        svg: The whole `<svg>` element.
        title: What the figure is, in a few words; screen readers read it first.
        description: What it shows, in a sentence or more; screen readers read it next.
        width: Width in the figure's own units, which are pixels at natural size.
        height: Height in the same units.

    Examples:
        >>> from neural_net_viz import line_plot
        >>> figure = line_plot({"square": [0, 1, 4, 9]}, title="Squares")
        >>> figure
        Figure('Squares', 640 × 392)
        >>> figure.to_string()[:4]
        '<svg'
    """

    def __init__(self, svg: str, *, title: str, description: str, width: float, height: float):
        self._svg = svg
        self.title = title
        self.description = description
        self.width = width
        self.height = height

    def to_string(self) -> str:
        """Return the `<svg>` element as text."""
        return self._svg

    def to_html(self, full_page: bool = False) -> str:
        """Return HTML that shows the figure without any other file.

        Args:
            full_page: Whether to return a whole page that a browser opens, instead of a
                `<figure>` element to put into a page.
        """
        check_flag("Figure.to_html", "full_page", full_page)
        element = f'<figure class="nnv-figure">\n{self._svg}\n</figure>\n'
        if not full_page:
            return element
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{html.escape(self.title)}</title>\n"
            "<style>.nnv-figure{margin:0 auto;max-width:fit-content}</style>\n"
            f"</head>\n<body>\n{element}</body>\n</html>\n"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the figure to a file: whole, or not at all.

        The text goes to a temporary file in the same folder, is flushed to disk and renamed over
        the old one, so that a reader never sees half a figure. A symbolic link is followed, the
        permissions of a file that is there are kept. Missing folders are made.

        Args:
            path: A name that ends in `.svg`, or in `.html` for a whole page.

        Returns:
            The path.

        Raises:
            OSError: If the disk refuses; it carries the path, and nothing has changed.
            TypeError: If `path` is no path.
            ValueError: If the name has another ending.
        """
        target = Path(file_name(path))
        if target.suffix == ".svg":
            text = self._svg + "\n"
        elif target.suffix == ".html":
            text = self.to_html(full_page=True)
        else:
            raise ValueError(
                f"Figure.save: expected a file name that ends in .svg or .html, got {str(target)!r}"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, text.encode())
        return target

    def _repr_svg_(self) -> str:
        """Show the figure in a notebook."""
        return self._svg

    def __str__(self) -> str:
        return self._svg

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Figure) and self._svg == other._svg

    def __hash__(self) -> int:
        return hash(self._svg)

    def __repr__(self) -> str:
        return f"Figure({self.title!r}, {self.width:g} × {self.height:g})"
