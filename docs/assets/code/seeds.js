// A figure of a training run, drawn again from another seed: `film(seed)` of a file of its example runs here.
//
// The page writes <div data-film="EXAMPLE/FILE.py" data-seed="0"> around the figure.
import { runPython, stopPython } from "./interpreter.js";

const program = (file, seed) => `
import runpy, site, sys
examples = f"{site.getsitepackages()[0]}/examples"
sys.path.insert(0, f"{examples}/${file.split("/")[0]}")
runpy.run_path(f"{examples}/${file}")["film"](${seed})
`;

for (const place of document.querySelectorAll("[data-film]")) {
  const { film } = place.dataset;
  const button = document.createElement("button");
  const state = document.createElement("span");
  const tools = document.createElement("div");
  const offer = () => (button.textContent = `Train with seed ${Number(place.dataset.seed) + 1}`);
  Object.assign(button, { type: "button", className: "code-button" });
  Object.assign(state, { className: "code-state", role: "status" });
  tools.className = "code-tools";
  tools.append(button, state);
  place.append(tools);
  offer();

  let running = false;
  button.addEventListener("click", async () => {
    if (running) return stopPython();
    running = true;
    button.textContent = "Stop";
    const seed = Number(place.dataset.seed) + 1;
    const onState = (text) => (state.textContent = `${text} …`);
    const { figure, error } = await runPython(program(film, seed), { onState });
    running = false;
    if (figure) {
      const box = place.querySelector(".figure");
      for (const old of place.querySelectorAll(".figure-player, .sideways-hint")) old.remove();
      box.replaceWith(figure); // figures.js gives it its player
      place.dataset.seed = seed;
    }
    state.textContent = figure ? `Trained with seed ${seed}, in this page.` : error.split("\n").pop();
    offer();
  });
}
