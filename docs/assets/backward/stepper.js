// Steps through `backward()` of the formula in the page: one figure for each step of the reverse pass.
//
// The reader's code runs as the code of any block does, in the worker of ../code/interpreter.js,
// inside a trace; neural_net_viz draws the figure. Without an interpreter the page keeps its picture.
const root = document.querySelector(".stepper");
const figure = document.querySelector(".stepper-figure");
const [formula, status, output] = ["textarea", ".stepper-status", ".stepper-output"]
  .map((name) => root.querySelector(name));
const [run, back, next] = ["run", "back", "next"].map((name) => root.querySelector(`[name=${name}]`));
const range = root.querySelector("[name=step]");

const HEAD = [
  "import json",
  "import numpy as np",
  "from neural_net_core import *",
  "from neural_net_core.ops import concatenate, cos, exp, log, log1p, sin, sqrt, where", // min and sum stay Python's
  "from neural_net_viz import backward_graph",
  "with textbook(), trace() as calls:",
  "    pass",
];
const MOST = 200; // steps: a loop may make many

/** The program that draws one step, or the first one if there are fewer. */
const program = (code, step) =>
  [
    ...HEAD,
    ...code.split("\n").map((line) => `    ${line}`),
    `if len(calls.backward) > ${MOST}:`,
    `    raise ValueError(f"{len(calls.backward)} steps are too many to look at; ${MOST} are the most")`,
    `drawn = backward_graph(calls, min(${step}, len(calls.backward)), names=globals())`,
    "print(json.dumps([len(calls.backward), drawn.description]))",
    "drawn",
  ].join("\n");

const frames = new Map(); // step -> {element, text}, of the code that has run
let python = null;
let running = false;
let shown = ""; // the code that the frames belong to

async function frame(step) {
  if (!frames.has(step)) {
    const result = await python.runPython(program(shown, step), {
      onState: (text) => (status.textContent = `${text} …`),
    });
    if (result.error) return fail(result);
    const printed = result.text.trimEnd().split("\n");
    const [count, text] = JSON.parse(printed.pop());
    say(printed.join("\n"));
    range.max = count;
    frames.set(step, { element: result.figure, text });
  }
  return frames.get(step);
}

/** What the reader's code has printed, or what went wrong in it. */
function say(text) {
  output.textContent = text;
  output.hidden = !text;
}

function fail({ error, line }) {
  say(error.split("\n").at(-1)); // without the frames: the lines of the program are not the reader's
  const here = line ? line - HEAD.length : 0;
  const known = here > 0 && here <= shown.split("\n").length;
  status.textContent = known ? `It stopped with an error: line ${here}.` : "It stopped.";
  return null;
}

async function show(step) {
  if (running) return;
  busy(true);
  const found = await frame(step);
  busy(false);
  if (!found) return;
  range.value = step;
  figure.replaceChildren(found.element);
  status.textContent = found.text;
  enable();
}

function busy(now) {
  running = now;
  run.textContent = now ? "Stop" : "Run";
}

function enable() {
  const [step, last] = [Number(range.value), Number(range.max)];
  range.disabled = false;
  back.disabled = step === 0;
  next.disabled = step === last;
}

async function start() {
  if (running) return python.stopPython();
  frames.clear();
  say("");
  shown = formula.value;
  for (const control of [back, next, range]) control.disabled = true;
  await show(0);
}

if (document.querySelector('script[src$="assets/code/blocks.js"]')) {
  python = await import("../code/interpreter.js");
  root.querySelector(".stepper-input").hidden = false;
  run.addEventListener("click", start);
  back.addEventListener("click", () => show(Number(range.value) - 1));
  next.addEventListener("click", () => show(Number(range.value) + 1));
  range.addEventListener("change", () => show(Number(range.value)));
  formula.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    start();
  });
}
