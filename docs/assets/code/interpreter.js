// Python in the page: one worker with CPython, NumPy and the packages, started at the first call.
//
//   import { runPython } from "../code/interpreter.js";
//   const { value, figure, text, error } = await runPython(`
//     from neural_net_core import Tensor
//     w = Tensor(3.0, requires_grad=True)
//     (w * w).backward()
//     w.grad.item()
//   `);                                               // value is 6
//
// `value` is the last expression if it is a number, a text, True, False or None, else its repr; a
// text can hold JSON. `figure` is an SVG element if that expression is a figure of neural_net_viz.
// `text` is what was printed, `error` the traceback ("" if all went well). Options: `onText(text)`
// and `onState(text)` are called while it loads and runs. `stopPython()` ends whatever runs.

let worker = null;
let waiting = new Map(); // by the number of the call: what its messages are given to
let count = 0;

// The course's pages run textbook forms: the build says so where a page loads `blocks.js`.
const textbook = () => document.querySelector("script[data-textbook]")?.dataset.textbook !== "false";

function start() {
  worker = new Worker(new URL("worker.js", import.meta.url));
  worker.onmessage = ({ data }) => {
    if (data.failed && data.id === undefined) endAll(`Python cannot start here: ${data.failed}`);
    else waiting.get(data.id)?.(data);
  };
  worker.onerror = (event) => endAll(`Python has ended: ${event.message ?? "the worker failed"}`);
  worker.postMessage({ start: { textbook: textbook() } });
}

function endAll(reason) {
  worker?.terminate();
  worker = null;
  const all = [...waiting.values()];
  waiting = new Map();
  for (const give of all) give({ failed: reason });
}

/** Ends whatever runs, and the interpreter with all that it knew; the next call starts another. */
export const stopPython = () => endAll("Stopped.");

/** Runs a program by itself. */
export const runPython = (code, options = {}) => call({ code }, options);

/** Runs the last of a page's blocks, after those above it that it needs. */
export const runBlocks = (blocks, options = {}) => call({ run: blocks }, options);

function call(message, { onText = () => {}, onState = () => {}, onFigure = () => {} }) {
  onState(worker ? "Running" : "Loading Python, 17 MB at the first time");
  if (!worker) start();
  const id = ++count;
  const result = { value: null, figure: null, text: "", error: "" };
  return new Promise((resolve) => {
    waiting.set(id, (data) => {
      if (data.state !== undefined) onState(data.state);
      if (data.text !== undefined) {
        result.text += `${data.text}\n`;
        onText(data.text);
      }
      if (data.figure !== undefined) {
        result.figure = drawing(data.figure);
        onFigure(result.figure);
      }
      if (data.done || data.failed) {
        waiting.delete(id);
        resolve({ ...result, ...(data.done ?? { error: data.failed }) });
      }
    });
    worker.postMessage({ id, ...message });
  });
}

/** An SVG text as an element that follows the page's switch between light and dark. */
function drawing(svg) {
  const here = svg.replace(
    /@media \(prefers-color-scheme:dark\)\{(\.nnv)(\{[^}]*\})\}/g,
    '[data-md-color-scheme="slate"] $1$2',
  );
  const parsed = new DOMParser().parseFromString(here, "image/svg+xml").documentElement;
  const box = document.createElement("span");
  box.className = "figure";
  const width = parseFloat(parsed.getAttribute("width"));
  if (width) box.style.setProperty("--natural", `${width}px`);
  box.append(document.importNode(parsed, true));
  return box;
}
