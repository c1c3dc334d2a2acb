// Run and Edit below every Python block of a page, and a cell for the reader before each solution.
//
// The hook docs/hooks/run_in_page.py gives `data-block` to the blocks that can run.
import { runBlocks, stopPython } from "./interpreter.js";
import { differences } from "./printed.js";

const boxes = [...document.querySelectorAll("[data-block]")];
const cells = [];

const make = (tag, attributes = {}, ...inside) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
};

/** A piece of code with its buttons, its state in words and what it printed and drew. */
class Cell {
  constructor(name, original, above) {
    Object.assign(this, { name, original, above, running: false });
    this.run = this.button("Run", () => (this.running ? stopPython() : this.start()));
    this.state = make("span", { class: "code-state", role: "status" });
    this.tools = make("div", { class: "code-tools" }, this.run, this.state);
    this.output = make("div", { class: "code-output", role: "group", hidden: "" });
    this.output.setAttribute("aria-label", `Output of ${name}`);
  }

  button(text, action) {
    const made = make("button", { type: "button", class: "code-button" }, text);
    made.setAttribute("aria-label", `${text} ${this.name}`);
    made.addEventListener("click", action);
    return made;
  }

  name_button(button, text) {
    button.textContent = text;
    button.setAttribute("aria-label", `${text} ${this.name}`);
  }

  get code() {
    return this.editor && !this.editor.hidden ? this.editor.value : this.original;
  }

  /** A field with the code; Control and Enter run it, Tab leaves it as any other field. */
  open() {
    this.editor = make("textarea", { class: "code-editor", spellcheck: "false", wrap: "off" });
    this.editor.setAttribute("aria-label", `Code of ${this.name}`);
    this.editor.autocapitalize = "off";
    this.editor.value = this.original;
    const fit = () => (this.editor.rows = this.editor.value.split("\n").length + 1);
    this.editor.addEventListener("input", fit);
    this.editor.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) return void (this.running || this.start());
      const before = this.editor.value.slice(0, this.editor.selectionStart);
      const line = before.slice(before.lastIndexOf("\n") + 1);
      const deeper = line.trimEnd().endsWith(":") ? "    " : "";
      this.editor.setRangeText(`\n${line.match(/^ */)[0]}${deeper}`, before.length, this.editor.selectionEnd, "end");
      fit();
    });
    fit();
    return this.editor;
  }

  async start() {
    this.running = true;
    this.name_button(this.run, "Stop");
    this.output.replaceChildren();
    this.output.hidden = true;
    const began = performance.now();
    const code = this.code;
    const result = await runBlocks([...this.above().map((cell) => cell.code), code], {
      onState: (text) => (this.state.textContent = `${text} …`),
      onText: (text) => this.print(text),
      onFigure: (figure) => this.show(figure),
    });
    this.running = false;
    this.name_button(this.run, "Run");
    if (result.error) this.print(result.error, "code-error");
    this.state.textContent = this.sentence(result, (performance.now() - began) / 1000);
    const differs = code === this.original && !result.error && differences(code, this.printed_here(), result.text);
    if (differs) this.show(make("p", { class: "code-note" }, differs));
    this.output.dataset.outcome = result.error ? "error" : "ok";
  }

  /** What came of it, in words. */
  sentence({ error, wrong, line, block, above, checks }, seconds) {
    if (error && line === undefined) return error;
    const where = block !== undefined && block !== this.above().length + 1 ? ` of block ${block}, which this one needs` : "";
    if (error) return `${wrong ? "It does not hold" : "It stopped with an error"}: line ${line}${where}.`;
    const first = above?.length ? `, after block ${above.join(", ")}` : "";
    const held = checks === 1 ? "It holds: 1 check passed" : `It holds: ${checks} checks passed`;
    return `${checks ? held : this.nothing_claimed ?? "Done"}, ${seconds.toFixed(1)} s${first}.`;
  }

  print(text, kind = "code-text") {
    let last = this.output.lastElementChild;
    if (last?.className !== kind) this.show((last = make("pre", { class: kind, tabindex: "0" })));
    last.append(`${text}\n`);
  }

  show(element) {
    this.output.append(element);
    this.output.hidden = false;
  }

  /** The output that the page itself shows below a block, if it does. */
  printed_here() {
    const next = this.box?.nextElementSibling;
    const text = this.output.nextElementSibling ?? next;
    return text?.matches(".language-text") ? text.querySelector("code").textContent : "";
  }
}

boxes.forEach((box, i) => {
  const source = box.querySelector("code").textContent.replace(/\n$/, "");
  const cell = new Cell(`block ${i + 1}`, source, () => cells.slice(0, i));
  cells.push(cell);
  cell.box = box;
  const edit = cell.button("Edit", () => {
    const closed = !cell.editor;
    if (closed) box.after(cell.open());
    else [cell.editor] = [cell.editor.remove(), null];
    box.hidden = closed;
    cell.name_button(edit, closed ? "Restore" : "Edit");
    if (closed) cell.editor.focus();
  });
  cell.run.after(edit);
  box.after(cell.tools, cell.output);
});

// An exercise is a list's entry with a folded solution: a cell of the reader's own before that.
let tries = 0;
for (const solution of document.querySelectorAll("li > details")) {
  const first = solution.querySelector("[data-block]");
  if (!first || solution.querySelector("summary").textContent.trim() !== "Solution") continue;
  const number = boxes.indexOf(first);
  const imports = cells[number].original.split("\n").filter((line) => /^(import|from) /.test(line));
  const code = [...imports, "", "# Your own try. What do you claim? assert … says whether it holds.", ""];
  const cell = new Cell(`your try ${++tries}`, code.join("\n"), () => cells.slice(0, number));
  cell.nothing_claimed = "It runs, but claims nothing yet: end with an assert";
  solution.before(cell.open(), cell.tools, cell.output);
}
