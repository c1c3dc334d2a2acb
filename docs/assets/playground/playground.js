// The playground: settings, controls and three pictures around a run of network.js.

(() => {
  "use strict";
  const { Run, activations, forward, optimizers, sigmoid } = NeuralNet;
  const { datasets } = PlaygroundData;
  const root = document.querySelector(".playground");
  const part = (name) => root.querySelector(`[name="${name}"]`);
  const form = root.querySelector("form");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const MOST_STEPS = 20480; // so long a run keeps every 64th step, of which it is a multiple
  const NODE_PIXELS = 24;

  // ---- settings: in the form and in the address of the page, never in two places that differ
  const rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
  const usual = {
    data: "xor", noise: "0", depth: "1", width: "4", activation: "tanh", optimizer: "adam",
    lr: "0.03", batch: "0", decay: "0", seed: "1",
  };
  const fill = (name, entries) =>
    part(name).replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
  fill("data", Object.entries(datasets).map(([key, { name }]) => [key, name]));
  fill("width", [2, 3, 4, 6, 8].map((n) => [n, n]));
  fill("activation", Object.entries(activations).map(([key, { python }]) => [key, python]));
  fill("optimizer", Object.entries(optimizers).map(([key, { name }]) => [key, name]));
  fill("lr", rates.map((rate) => [rate, rate]));
  fill("noise", [0, 0.1, 0.2, 0.3, 0.5].map((noise) => [noise, noise || "none"]));
  fill("batch", [0, 1, 4, 16].map((batch) => [batch, batch || "all points"]));
  fill("decay", [0, 0.0001, 0.001, 0.01, 0.1].map((decay) => [decay, decay || "none"]));

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const refused = [];
    for (const [name, value] of Object.entries(usual)) {
      const field = form.elements[name];
      const wanted = given.get(name) ?? value;
      // An address written by hand may hold anything.
      const possible = field.options
        ? [...field.options].some((option) => option.value === wanted)
        : /^[1-9]\d{0,2}$/.test(wanted);
      field.value = possible ? wanted : value;
      if (!possible) refused.push(`${name} = ${wanted}`);
    }
    if (refused.length)
      say(`The address asks for ${refused.join(", ")}, which there is not; the usual is taken.`);
    return Math.min(Math.max(Math.floor(Number(given.get("step"))) || 0, 0), MOST_STEPS);
  }

  function writeAddress() {
    const given = new URLSearchParams();
    for (const name of Object.keys(usual)) given.set(name, form.elements[name].value);
    if (now().step) given.set("step", now().step);
    history.replaceState(null, "", `#${given}`);
  }

  const say = (text) => (root.querySelector("[role=status]").textContent = text);

  // ---- the run, and the moment of it that is shown
  let run;
  let at = 0; // which snapshot
  let timer = null;
  const now = () => run.snapshots[at];

  function restart(steps = 0) {
    pause();
    const value = (name) => form.elements[name].value;
    run = new Run({
      data: value("data"),
      noise: Number(value("noise")),
      hidden: Array(Number(value("depth"))).fill(Number(value("width"))),
      activation: value("activation"),
      optimizer: value("optimizer"),
      lr: Number(value("lr")),
      batch: Number(value("batch")),
      decay: Number(value("decay")),
      seed: Number(value("seed")),
    });
    part("width").disabled = value("depth") === "0";
    while (run.steps < steps) run.step();
    at = run.snapshots.length - 1;
    show(true);
  }

  function advance(steps) {
    if (at < run.snapshots.length - 1) {
      at += 1; // first what is already known, then new steps
      return;
    }
    for (let i = 0; i < steps && run.steps < MOST_STEPS; i++) run.step();
    while (run.steps % run.every) run.step();
    at = run.snapshots.length - 1;
  }

  function play() {
    part("play").textContent = "Pause";
    say("");
    const tick = () => {
      const begin = performance.now();
      // Less motion: the same work, but a new picture only twice a second.
      do advance(Number(part("speed").value));
      while (calm.matches && performance.now() - begin < 200 && run.steps < MOST_STEPS);
      show();
      const done = run.steps >= MOST_STEPS && at === run.snapshots.length - 1;
      if (done || !Number.isFinite(now().loss)) pause();
      else timer = calm.matches ? setTimeout(tick, 300) : requestAnimationFrame(tick);
    };
    timer = requestAnimationFrame(tick);
  }

  function pause() {
    if (timer === null) return;
    cancelAnimationFrame(timer);
    clearTimeout(timer);
    timer = null;
    part("play").textContent = "Train";
    show(true);
    const ended = run.steps >= MOST_STEPS ? ` The run ends at step ${MOST_STEPS.toLocaleString("en")}.` : "";
    say(`${part("readout").textContent}.${ended}`);
  }

  // ---- what is shown
  function show(settled = false) {
    const { step, loss, accuracy, test } = now();
    const time = part("time");
    time.max = run.snapshots.length - 1;
    time.value = at;
    time.setAttribute("aria-valuetext", `step ${step}`);
    const said = (value) => (Number.isFinite(value) ? value.toPrecision(4) : "not a number any more");
    part("readout").textContent =
      `step ${step} · loss ${said(loss)} · ${Math.round(100 * accuracy)} % of the points right` +
      (test ? ` · test loss ${said(test.loss)}, ${Math.round(100 * test.accuracy)} %` : "");
    root.dataset.step = step;
    root.dataset.loss = loss;
    root.dataset.accuracy = accuracy;
    if (test) root.dataset.testLoss = test.loss;
    else delete root.dataset.testLoss;
    drawPlane();
    drawNetwork();
    drawCurve();
    if (settled) {
      writeAddress();
      root.querySelector("pre code").textContent = run.toPython(step);
    }
  }

  const color = (name) => getComputedStyle(root).getPropertyValue(`--play-${name}`).trim();
  const channels = (name) => color(name).match(/\w\w/g).map((pair) => parseInt(pair, 16));

  // The answers of every node over the plane, as a picture of `pixels` × `pixels` for each.
  function answers(pixels) {
    const [low, high] = run.data.range;
    const { sizes, activation } = run;
    const { parameters } = now();
    const images = sizes.map((size) => Array.from({ length: size }, () => []));
    for (let v = 0; v < pixels; v++)
      for (let u = 0; u < pixels; u++) {
        const x = low + ((high - low) * (u + 0.5)) / pixels;
        const y = high - ((high - low) * (v + 0.5)) / pixels;
        const layers = forward(sizes, activation, parameters, [x, y]);
        layers.forEach((layer, l) => images[l].forEach((image, j) => image.push(layer.y[j])));
      }
    return images;
  }

  function paint(image, pixels, score) {
    const canvas = new OffscreenCanvas(pixels, pixels);
    const context = canvas.getContext("2d");
    const picture = context.createImageData(pixels, pixels);
    const [plus, minus, none] = ["positive", "negative", "surface"].map(channels);
    image.forEach((value, i) => {
      const s = score(value);
      const strength = Math.min(1, Math.abs(s)) * 0.75;
      const hue = s > 0 ? plus : minus;
      for (let c = 0; c < 3; c++)
        picture.data[4 * i + c] = none[c] + strength * (hue[c] - none[c]);
      picture.data[4 * i + 3] = 255;
    });
    context.putImageData(picture, 0, 0);
    return canvas;
  }

  // A canvas cleared and scaled to the screen's pixels; drawing is in CSS pixels.
  function clear(name) {
    const canvas = part(name);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const sharp = window.devicePixelRatio || 1;
    canvas.width = width * sharp;
    canvas.height = height * sharp;
    const context = canvas.getContext("2d");
    context.scale(sharp, sharp);
    context.font = "12px system-ui, sans-serif";
    context.lineJoin = "round";
    return { canvas, context, width, height };
  }

  function drawPlane() {
    const { canvas, context, width, height } = clear("plane");
    const pixels = 80;
    const scores = answers(pixels).at(-1)[0];
    context.imageSmoothingEnabled = true;
    context.drawImage(
      paint(scores, pixels, (z) => 2 * sigmoid(z) - 1), 0, 0, width, height,
    );
    // The boundary: pixel edges at which the score changes its sign, drawn between their middles.
    const place = (i) => [((i % pixels) + 0.5) / pixels * width, (Math.floor(i / pixels) + 0.5) / pixels * height];
    context.strokeStyle = color("text");
    context.lineWidth = 2;
    context.beginPath();
    for (let v = 0; v + 1 < pixels; v++)
      for (let u = 0; u + 1 < pixels; u++) {
        const corners = [v * pixels + u, v * pixels + u + 1, (v + 1) * pixels + u + 1, (v + 1) * pixels + u];
        const crossings = [];
        corners.forEach((a, k) => {
          const b = corners[(k + 1) % 4];
          if (scores[a] > 0 === scores[b] > 0) return;
          const t = scores[a] / (scores[a] - scores[b]);
          const [p, q] = [place(a), place(b)];
          crossings.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
        });
        for (let k = 0; k + 1 < crossings.length; k += 2) {
          context.moveTo(...crossings[k]);
          context.lineTo(...crossings[k + 1]);
        }
      }
    context.stroke();
    const [low, high] = run.data.range;
    const mark = ([x, y], label, radius, draw) => {
      const px = ((x - low) / (high - low)) * width;
      const py = height - ((y - low) / (high - low)) * height;
      context.beginPath();
      if (label) context.rect(px - radius, py - radius, 2 * radius, 2 * radius);
      else context.arc(px, py, radius, 0, 2 * Math.PI);
      draw(color(label ? "positive" : "negative"));
    };
    const { points, labels, test } = run.data;
    context.lineWidth = 1.5;
    test?.points.forEach((point, n) =>
      mark(point, test.labels[n], 2.5, (hue) => {
        context.fillStyle = color("surface");
        context.strokeStyle = hue;
        context.fill();
        context.stroke();
      }));
    context.lineWidth = 2;
    points.forEach((point, n) =>
      mark(point, labels[n], points.length > 20 ? 4 : 7, (hue) => {
        context.fillStyle = hue;
        context.strokeStyle = color("surface");
        context.fill();
        context.stroke();
      }));
    canvas.setAttribute("aria-label",
      `Decision map at step ${now().step}: ${Math.round(100 * now().accuracy)} % of the points right`);
  }

  function drawNetwork() {
    const { canvas, context, width, height } = clear("network");
    const { sizes } = run;
    const { parameters } = now();
    const images = answers(NODE_PIXELS);
    const half = Math.min(17, (0.42 * (height - 40)) / Math.max(...sizes));
    const place = (l, j) => [
      30 + ((width - 60) * l) / (sizes.length - 1),
      24 + ((height - 40) * (j + 0.5)) / sizes[l],
    ];
    const largest = Math.max(...parameters.flatMap((p, k) => (k % 2 ? [] : [...p.map(Math.abs)])));
    for (let l = 1; l < sizes.length; l++) {
      const w = parameters[2 * l - 2];
      w.forEach((weight, k) => {
        if (!Number.isFinite(weight)) return;
        const [from, to] = [place(l - 1, k % sizes[l - 1]), place(l, Math.floor(k / sizes[l - 1]))];
        context.strokeStyle = color(weight > 0 ? "positive" : "negative");
        context.setLineDash(weight > 0 ? [] : [5, 3]);
        context.lineWidth = 0.4 + (5 * Math.abs(weight)) / (largest || 1);
        context.beginPath();
        context.moveTo(...from);
        context.lineTo(...to);
        context.stroke();
      });
    }
    context.setLineDash([]);
    sizes.forEach((size, l) => {
      context.fillStyle = color("muted");
      context.textAlign = "center";
      const head = l === 0 ? "input" : l === sizes.length - 1 ? "output" : `hidden ${l}`;
      context.fillText(head, place(l, 0)[0], 13);
      const score = l === sizes.length - 1 ? (z) => 2 * sigmoid(z) - 1 : (y) => y / 1.5;
      for (let j = 0; j < size; j++) {
        const [x, y] = place(l, j);
        context.drawImage(paint(images[l][j], NODE_PIXELS, score), x - half, y - half, 2 * half, 2 * half);
        context.strokeStyle = color("muted");
        context.lineWidth = 1;
        context.strokeRect(x - half, y - half, 2 * half, 2 * half);
      }
    });
    const count = parameters.reduce((sum, p) => sum + p.length, 0);
    canvas.setAttribute("aria-label",
      `A network of ${sizes.join(", ")} nodes, ${count} numbers, largest weight ${largest.toPrecision(3)}`);
  }

  function drawCurve() {
    const { canvas, context, width, height } = clear("curve");
    const seen = run.snapshots.filter(({ loss }) => Number.isFinite(loss) && loss > 0);
    const [left, right, top, bottom] = [46, width - 10, 12, height - 30];
    const tests = seen.filter(({ test }) => test && Number.isFinite(test.loss) && test.loss > 0);
    const logs = seen.map(({ loss }) => Math.log10(loss));
    const testLogs = tests.map(({ test }) => Math.log10(test.loss));
    const high = Math.ceil(Math.max(0, ...logs, ...testLogs));
    const low = Math.min(high - 1, Math.floor(Math.min(...logs, ...testLogs)));
    const last = Math.max(10, run.snapshots.at(-1).step);
    const px = (step) => left + ((right - left) * step) / last;
    const py = (log) => bottom - ((bottom - top) * (log - low)) / (high - low);
    context.strokeStyle = color("grid");
    context.fillStyle = color("muted");
    context.textAlign = "right";
    const skip = Math.ceil((high - low) / 8);
    for (let power = high; power >= low; power -= skip) {
      context.beginPath();
      context.moveTo(left, py(power));
      context.lineTo(right, py(power));
      context.stroke();
      const label = power >= 0 ? 10 ** power : power >= -3 ? (10 ** power).toFixed(-power) : `1e${power}`;
      context.fillText(String(label).replace("-", "−"), left - 6, py(power) + 4);
    }
    context.fillText(`step ${last}`, right, bottom + 18);
    context.fillText("0", left + 4, bottom + 18);
    const curve = (rows, values, name, dashes) => {
      context.strokeStyle = color(name);
      context.lineWidth = 2;
      context.setLineDash(dashes);
      context.beginPath();
      rows.forEach((row, i) => context.lineTo(px(row.step), py(values[i])));
      context.stroke();
      context.setLineDash([]);
    };
    curve(tests, testLogs, "negative", [5, 3]);
    curve(seen, logs, "positive", []);
    const { step, loss } = now();
    if (loss > 0 && Number.isFinite(loss)) {
      context.fillStyle = color("text");
      context.beginPath();
      context.arc(px(step), py(Math.log10(loss)), 5, 0, 2 * Math.PI);
      context.fill();
    }
    const tested = now().test ? `, on the test points ${now().test.loss.toPrecision(3)}` : "";
    canvas.setAttribute("aria-label",
      `Loss from ${run.snapshots[0].loss.toPrecision(3)} at the start to ${loss.toPrecision(3)} at step ${step}${tested}`);
  }

  // ---- controls
  part("play").addEventListener("click", () => (timer === null ? play() : pause()));
  part("one").addEventListener("click", () => {
    pause();
    advance(1);
    show(true);
  });
  part("restart").addEventListener("click", () => restart());
  part("time").addEventListener("input", () => {
    pause();
    at = Number(part("time").value);
    show(true);
  });
  form.addEventListener("change", () => {
    if (form.reportValidity()) restart();
    else say(`The start is a whole number from 1 to 999, and not "${form.elements.seed.value}".`);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  part("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(root.querySelector("pre code").textContent);
    part("copy").textContent = "Copied";
  });
  window.addEventListener("hashchange", () => restart(readAddress()));
  window.addEventListener("resize", () => show());
  new MutationObserver(() => show()).observe(document.body, {
    attributeFilter: ["data-md-color-scheme"],
  });
  restart(readAddress());
})();
