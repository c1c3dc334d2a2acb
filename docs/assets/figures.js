/* Figures in a page: animations are paused and moved by hand; what is wider than its box says so. */

"use strict";

/* An animated figure gets a button and a slider. A reader who asks for less motion sees the end and
   can move through the rest: then the rules of motion count, but nothing moves by itself. */
function makePlayer(box) {
  const svg = box.querySelector("svg");
  const rules = [...svg.querySelectorAll("style")].find((style) =>
    style.textContent.includes("@keyframes")
  );
  if (!rules) return [];
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (still) {
    rules.textContent = rules.textContent.replace(
      "@media (prefers-reduced-motion:no-preference)",
      "@media all"
    );
  }
  const animations = () =>
    svg.getAnimations({ subtree: true }).map((animation) => ({
      animation,
      length: animation.effect.getComputedTiming().duration,
    }));
  const share = () => {
    const [first] = animations();
    return first ? (first.animation.currentTime % first.length) / first.length : 1;
  };
  const player = document.createElement("div");
  player.className = "figure-player";
  player.style.setProperty("--natural", box.style.getPropertyValue("--natural"));
  const button = document.createElement("button");
  button.type = "button";
  const slider = Object.assign(document.createElement("input"), {
    type: "range",
    min: 0,
    max: 999,
    value: 999,
  });
  slider.setAttribute("aria-label", `Time in the animation: ${svg.querySelector("title").textContent}`);
  player.append(button, slider);

  let playing = true;
  const follow = () => {
    if (!playing) return;
    slider.value = Math.floor(999 * share());
    requestAnimationFrame(follow);
  };
  const play = () => {
    playing = true;
    button.textContent = "Pause";
    animations().forEach(({ animation }) => animation.play());
    follow();
  };
  const pause = () => {
    playing = false;
    button.textContent = "Play";
    animations().forEach(({ animation }) => animation.pause());
  };
  button.addEventListener("click", () => (playing ? pause() : play()));
  slider.addEventListener("input", () => {
    pause();
    animations().forEach(({ animation, length }) => {
      animation.currentTime = (length * slider.value) / 1000;
    });
  });
  if (still) {
    pause();
    slider.dispatchEvent(new Event("input"));
  } else {
    play();
  }
  return [player];
}

/* A box that scrolls sideways can be reached by key and says that there is more. */
function makeHint(box, kind) {
  const hint = Object.assign(document.createElement("span"), {
    className: "sideways-hint",
    textContent: `← scroll sideways to see the whole ${kind} →`,
  });
  const measure = () => {
    const wider = box.scrollWidth > box.clientWidth + 1;
    hint.hidden = !wider;
    if (wider) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  };
  new ResizeObserver(measure).observe(box);
  measure();
  return hint;
}

/* What belongs to a figure, so that one that is taken out and put back gets it again. */
const parts = new WeakMap();

function prepare(box) {
  if (!parts.has(box)) {
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Figure");
    parts.set(box, [makeHint(box, "figure"), ...makePlayer(box)]);
  }
  box.after(...parts.get(box));
}

/* The theme puts tables into boxes of its own, some after this has run. */
const TABLE = ".md-typeset__scrollwrap";

function prepareTable(box) {
  if (parts.has(box)) return;
  parts.set(box, [makeHint(box, "table")]);
  box.after(...parts.get(box));
}

document.querySelectorAll(".md-typeset .figure").forEach(prepare);
document.querySelectorAll(TABLE).forEach(prepareTable);
document.querySelectorAll('.md-typeset math[display="block"]').forEach((box) => {
  box.after(makeHint(box, "formula"));
});
/* The figures of code that the reader runs come later, and so do some boxes of tables. */
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      if (node.matches(".figure")) prepare(node);
      node.querySelectorAll(".figure").forEach(prepare);
      if (node.matches(TABLE)) prepareTable(node);
    }
  }
}).observe(document.querySelector("article") ?? document.body, { childList: true, subtree: true });
