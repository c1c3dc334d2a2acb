"""Give every file of the packages a page of its own, and let the reference lead there.

A file is one idea, read from top to bottom, so its source is shown whole, with numbered lines,
instead of in pieces under each name: the reference stays short, and search finds what is written
about a thing, not the code that computes it.
"""

import html
import posixpath
import re
from pathlib import Path
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

ROOT = Path(__file__).resolve().parents[2]

# What mkdocstrings writes below a name: the path, then a table of numbers and lines.
SOURCE = re.compile(
    r'<details class="mkdocstrings-source">\s*<summary>Source code in <code>(?P<path>[^<]+)</code>'
    r'.*?<span class="normal">\s*(?P<line>\d+)</span>.*?</details>',
    re.DOTALL,
)
# What the templates of mkdocstrings leave: titles that say the same, more empty lines than text.
TITLED = re.compile(r'<span title="(?:[\w.]+\.)?(\w+)">\1</span>')
BLANK = re.compile(r"<pre\b.*?</pre>|\s*\n\s*", re.DOTALL)

DOCUMENT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 1rem auto; max-width: 66rem; padding: 0 1rem; font-family: sans-serif; }}
h1 {{ font-size: 1.1rem; overflow-wrap: anywhere; }}
pre {{ margin: 0; font-size: 0.85rem; line-height: 1.45; overflow-x: auto; }}
pre a {{ color: inherit; text-decoration: none; }}
pre span:target {{ outline: 2px solid; }}
{light}
@media (prefers-color-scheme: dark) {{
{dark}
}}
</style>
<main>
<h1>{title}</h1>
{code}
</main>
</html>
"""


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """Put a link to the line of the file in place of every piece of source."""

    def link(match: re.Match[str]) -> str:
        path = html.unescape(match["path"])
        there = posixpath.relpath(address(path), page.url)
        name = path.split("/src/")[-1]
        return (
            f'<p class="source" data-search-exclude><a href="{there}#line-{match["line"]}">'
            f"{name}, line {match['line']}</a></p>"
        )

    content = SOURCE.sub(link, content)
    if not page.url.startswith("api/"):
        return content
    return BLANK.sub(lambda found: found[0] if found[0].startswith("<pre") else "\n", content)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Leave out the titles that say what the text says."""
    return TITLED.sub(r"\1", output) if page.url.startswith("api/") else output


def on_post_build(config: Any, **_: Any) -> None:
    """Write the page of every file."""
    for path in sorted(ROOT.glob("packages/*/src/**/*.py")):
        inside = path.relative_to(ROOT).as_posix()
        target = Path(config["site_dir"], address(inside))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(whole(inside, path.read_text(encoding="utf-8")), encoding="utf-8")


def address(path: str) -> str:
    """Return where the page of a file stands in the site."""
    return f"source/{path.split('/src/')[-1].removesuffix('.py')}.html"


def whole(path: str, text: str) -> str:
    """Write one file as a page that needs nothing else, its lines numbered and to be linked."""
    form = HtmlFormatter(linenos="inline", lineanchors="line", anchorlinenos=True, style="xcode")
    night = HtmlFormatter(style="github-dark")
    return DOCUMENT.format(
        title=html.escape(path.split("/src/")[-1]),
        light=form.get_style_defs(".highlight"),
        dark=night.get_style_defs(".highlight"),
        code=highlight(text, PythonLexer(), form),
    )
