"""Python blocks run in the page itself: CPython in a worker, the network cut."""

import json
import re
from collections.abc import Iterator

import pytest
from looking import PHONE, accessibility, layout
from playwright.sync_api import BrowserContext, Locator, Page
from serving import SITE

BLOCKS = {
    str(path.relative_to(SITE)): path.read_text("utf-8").count('data-block="')
    for path in sorted(SITE.glob("**/*.html"))
    if 'data-block="' in path.read_text("utf-8")
}
# With exercises, with printed text below blocks, and with blocks that build on each other.
WHOLE = [
    "tutorials/2-backward-propagation/index.html",
    "theory/training-on-one-page/index.html",
    "how-to/write-your-own-op/index.html",
]
REST = [name for name in BLOCKS if name not in WHOLE]
TUTORIAL = WHOLE[0]

pytestmark = pytest.mark.usefixtures("ingredients")


def run(tab: Page, name: str = "block 1") -> Locator:
    """Press Run of a block, wait for what comes of it, and return its output."""
    output = tab.locator(f"[aria-label='Output of {name}']")
    output.evaluate("output => delete output.dataset.outcome")
    tab.get_by_role("button", name=f"Run {name}", exact=True).click()
    tab.wait_for_function("output => output.dataset.outcome", arg=output.element_handle())
    return output


def said(tab: Page, name: str = "block 1") -> str:
    """The words beside the buttons of a block."""
    output = tab.locator(f"[aria-label='Output of {name}']")
    return str(
        output.evaluate("o => o.previousElementSibling.querySelector('[role=status]').textContent")
    )


def write(tab: Page, code: str, name: str = "block 1") -> None:
    """Replace the code of a block."""
    tab.get_by_role("button", name=f"Edit {name}", exact=True).click()
    tab.get_by_label(f"Code of {name}", exact=True).fill(code)


def visit(tab: Page, address: str) -> None:
    """Open a page and unfold what is folded."""
    tab.goto(address)
    tab.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true })")


def test_there_are_blocks_to_run() -> None:
    assert len(BLOCKS) > 25
    assert sum(BLOCKS.values()) > 120
    assert BLOCKS.keys() >= set(WHOLE)


@pytest.fixture(scope="module")
def interpreters(context: BrowserContext, address: str) -> Iterator[dict[bool, Page]]:
    """One page whose Python runs textbook forms and one whose Python does not, for many blocks."""
    pages = {}
    for textbook, name in ((True, TUTORIAL), (False, "getting-started/index.html")):
        pages[textbook] = context.new_page()
        pages[textbook].goto(f"{address}/{name}")
    yield pages
    for page in pages.values():
        page.close()


@pytest.mark.parametrize("name", REST)
def test_the_first_block_of_a_page_runs(interpreters: dict[bool, Page], name: str) -> None:
    # In a Python that has started: a start for each page would take most of the tests' time.
    page = interpreters[name.startswith(("tutorials/", "theory/"))]
    error = page.evaluate(
        """async (name) => {
            const { runPython } = await import("/assets/code/interpreter.js");
            const text = await (await fetch(`/${name}`)).text();
            const other = new DOMParser().parseFromString(text, "text/html");
            const { error } = await runPython(other.querySelector("[data-block] code").textContent);
            return error;
        }""",
        name,
    )
    assert error == ""


@pytest.mark.parametrize("name", WHOLE)
def test_all_blocks_of_a_page_run(tab: Page, address: str, name: str) -> None:
    visit(tab, f"{address}/{name}")
    for number in range(1, BLOCKS[name] + 1):
        output = run(tab, f"block {number}")
        assert output.get_attribute("data-outcome") == "ok", (number, output.text_content())


def test_the_last_block_alone_brings_along_those_that_it_needs(tab: Page, address: str) -> None:
    name = WHOLE[2]
    last = f"block {BLOCKS[name]}"
    visit(tab, f"{address}/{name}")
    assert run(tab, last).get_attribute("data-outcome") == "ok"
    assert re.search(r"after block \d", said(tab, last))


def test_python_is_loaded_at_the_first_run_and_reads_nothing_from_elsewhere(
    tab: Page, address: str, troubles: list[str]
) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    visit(tab, f"{address}/{TUTORIAL}")
    tab.wait_for_load_state("networkidle")
    assert not [url for url in asked if "/code/python/" in url]
    run(tab)
    assert [url for url in asked if url.endswith("/code/python/pyodide.asm.wasm")]
    (worker,) = [worker for worker in tab.workers if worker.url.endswith("/code/worker.js")]
    refused = worker.evaluate("fetch('https://elsewhere.example/').catch(error => error.message)")
    assert refused == "https://elsewhere.example is elsewhere: code in the page stays here"
    assert worker.evaluate("typeof XMLHttpRequest + typeof WebSocket") == "undefinedundefined"
    assert troubles == []


def test_code_is_edited_stopped_and_restored(tab: Page, address: str) -> None:
    visit(tab, f"{address}/{TUTORIAL}")
    write(tab, "print('before')\nwhile True:\n    pass")
    tab.get_by_role("button", name="Run block 1", exact=True).click()
    output = tab.locator("[aria-label='Output of block 1']")
    output.get_by_text("before").wait_for()
    stop = tab.get_by_role("button", name="Stop block 1", exact=True)
    assert stop.evaluate("button => button === document.activeElement")  # one button, focus stays
    stop.click()
    output.locator("xpath=preceding-sibling::*[1]").get_by_text("Stopped.").wait_for()
    editor = tab.get_by_label("Code of block 1", exact=True)
    editor.fill("print('again')")
    editor.press("Control+Enter")
    output.get_by_text("again").wait_for()
    tab.get_by_role("button", name="Restore block 1", exact=True).click()
    assert tab.locator("[data-block='1']").is_visible()
    assert editor.count() == 0


def test_a_figure_appears_and_an_error_names_its_line(tab: Page, address: str) -> None:
    visit(tab, f"{address}/{TUTORIAL}")
    drawing = "import neural_net_viz as viz\nviz.line_plot({'loss': [3.0, 2.0, 1.0]})"
    write(tab, drawing)
    figure = run(tab).locator("svg.nnv")
    assert figure.is_visible()
    assert "prefers-color-scheme" not in figure.evaluate("svg => svg.outerHTML")
    editor = tab.get_by_label("Code of block 1", exact=True)
    editor.fill("x = 1\ny = x / 0")
    output = run(tab)
    assert output.get_attribute("data-outcome") == "error"
    assert "ZeroDivisionError: division by zero" in (output.text_content() or "")
    assert "pyodide" not in (output.text_content() or "")  # frames of the reader's code alone
    assert said(tab) == "It stopped with an error: line 2."
    editor.fill("x = = 1")
    assert "SyntaxError" in (run(tab).text_content() or "")


@pytest.mark.parametrize(
    ("name", "form"), [(TUTORIAL, "ReLUOp"), ("getting-started/index.html", "FastReLUOp")]
)
def test_the_course_runs_textbook_forms(tab: Page, address: str, name: str, form: str) -> None:
    visit(tab, f"{address}/{name}")
    code = "from neural_net_core import Tensor, relu\nx = Tensor([1.0], requires_grad=True)\n"
    write(tab, f"{code}type(relu(x).grad_fn).__name__")
    assert (run(tab).text_content() or "").strip() == repr(form)


def test_an_exercise_says_whether_it_holds(tab: Page, address: str) -> None:
    visit(tab, f"{address}/{TUTORIAL}")
    editor = tab.get_by_label("Code of your try 1", exact=True)
    imports = editor.input_value()
    assert "import" in imports
    run(tab, "your try 1")
    assert "claims nothing yet" in said(tab, "your try 1")
    editor.fill(f"{imports}\nassert 1 + 1 == 2\nnp.testing.assert_allclose(2, 2)")
    run(tab, "your try 1")
    assert said(tab, "your try 1").startswith("It holds: 2 checks passed")
    editor.fill(f"{imports}\nassert 1 + 1 == 3")
    run(tab, "your try 1")
    line = f"{imports}\nassert".count("\n") + 1
    assert said(tab, "your try 1") == f"It does not hold: line {line}."


def test_everything_can_be_read_and_reached_on_a_phone_too(tab: Page, address: str) -> None:
    tab.set_viewport_size(PHONE)
    visit(tab, f"{address}/{TUTORIAL}")
    write(tab, "print('a ' * 200)\nx = 1 / 0")
    tab.get_by_role("button", name="Run block 1", exact=True).focus()
    tab.keyboard.press("Enter")
    tab.locator("[data-outcome=error]").wait_for()
    assert layout(tab) + accessibility(tab, colours=True) == []


def test_one_function_runs_python_for_other_scripts(tab: Page, address: str) -> None:
    visit(tab, f"{address}/{TUTORIAL}")
    code = "import json\nprint('seen')\njson.dumps({'w': 6.0})"
    result = tab.evaluate(
        """async (code) => {
            const { runPython } = await import("/assets/code/interpreter.js");
            const { value, text, error, figure } = await runPython(code);
            const drawn = await runPython(
                "import neural_net_viz as viz; viz.line_plot({'loss': [2.0, 1.0]})");
            return { value, text, error, figure, drawn: drawn.figure.querySelector("svg").tagName };
        }""",
        code,
    )
    assert json.loads(result.pop("value")) == {"w": 6.0}
    assert result == {"text": "seen\n", "error": "", "figure": None, "drawn": "svg"}


def test_last_digits_that_differ_are_told(tab: Page, address: str) -> None:
    visit(tab, f"{address}/404.html")

    def note(code: str, printed: str, text: str) -> str:
        script = "async (given) => (await import('/assets/code/printed.js')).differences(...given)"
        return str(tab.evaluate(script, [code, printed, text]))

    comment = "print(loss)  # 0.6931, at the start"
    assert note(comment, "", "0.6931\n") == ""
    assert "here 0.6932" in note(comment, "", "0.6932\n")
    assert note("print(n)  # 16: all", "", "16.0\n") == ""
    assert note(comment, "", "0.9\n") == ""  # another result is nothing to excuse
    assert "here 4   0.251" in note("show()", "step  loss\n4   0.250\n", "step  loss\n4   0.251\n")
    assert note("print(1)\nprint(2)  # 2", "", "1\n2\n") == ""  # not everything is promised


def slide(place: Locator, slider: Locator, at: int) -> list[int]:
    """Move an animation's slider; return the numbers of the frames that are seen then."""
    slider.fill(str(at))
    script = """frames => frames.filter(g => getComputedStyle(g).visibility == "visible")
        .map(g => +g.id.split("-").pop())"""
    frames: list[int] = place.locator("[id*='-frame-']").evaluate_all(script)
    return frames


@pytest.mark.parametrize("name", ["2-backward-propagation", "5-activations"])
def test_a_film_is_drawn_again_from_another_seed(tab: Page, address: str, name: str) -> None:
    tab.goto(f"{address}/tutorials/{name}/index.html")
    place = tab.locator("[data-film]")
    before = place.locator("svg.nnv").inner_html()
    place.get_by_role("button", name="Train with seed 1", exact=True).click()
    place.get_by_text("Trained with seed 1, in this page.").wait_for()
    assert place.locator("svg.nnv").inner_html() != before
    slider = place.get_by_role("slider")  # it moves through the training, as before
    frames = [slide(place, slider, at) for at in (0, 999)]
    assert frames == [[0], [place.locator("[id*='-frame-']").count() - 1]]
    assert place.get_by_role("button", name="Train with seed 2", exact=True).is_visible()
    assert layout(tab) == []
