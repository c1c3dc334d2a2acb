// What is wrong with the layout of the page that is open? Returns a list of sentences.
// Called by test_pages.py in every page, at several widths. (Colours, labels and roles are axe's.)
() => {
  const found = [];

  // Elements of the article, without those in code (which scrolls), figures and closed boxes.
  const elements = [];
  const walk = (element) => {
    if (element.matches(".highlight, svg, math, details:not([open]), script, style")) return;
    elements.push(element);
    for (const child of element.children) walk(child);
  };
  for (const article of document.querySelectorAll("article")) walk(article);

  const describe = (element) => {
    const classes = element.getAttribute("class");
    const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
    return `<${element.tagName.toLowerCase()}${classes ? ` class="${classes}"` : ""}> ${text}`;
  };
  const visible = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  // ---- nothing is wider than the window, unless it scrolls in a box of its own
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    found.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`);
  const boxed = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) {
      if (box.matches("body")) return false;
      if (getComputedStyle(box).overflowX !== "visible") return true;
    }
    return false;
  };
  for (const element of elements) {
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > width + 1 || box.left < -1) && visible(element) && !boxed(element))
      found.push(`reaches from ${box.left} to ${box.right}: ${describe(element)}`);
  }

  // ---- pictures are there
  for (const image of document.querySelectorAll("article img"))
    if (image.loading !== "lazy" && !(image.complete && image.naturalWidth))
      found.push(`picture not shown: ${image.src}`);

  // ---- the texts of a figure can be read, neither cover each other nor leave it
  const SMALLEST = 8; // pixels
  const corners = (text) => {
    const box = text.getBBox();
    const matrix = text.getScreenCTM();
    const at = (x, y) => new DOMPoint(x, y).matrixTransform(matrix);
    // The box of a line includes room for accents and descenders: take the middle of it.
    const top = box.y + box.height * 0.25;
    const bottom = box.y + box.height * 0.8;
    const right = box.x + box.width;
    return [at(box.x, top), at(right, top), at(right, bottom), at(box.x, bottom)];
  };
  // Two convex shapes are apart if one of their edges has all of the other on its far side.
  const apart = (a, b) =>
    [a, b].some((shape) =>
      shape.some((p, i) => {
        const q = shape[(i + 1) % shape.length];
        const across = (point) => (q.y - p.y) * point.x - (q.x - p.x) * point.y;
        const mine = shape.map(across);
        const other = (shape === a ? b : a).map(across);
        const slack = 0.5 * Math.hypot(q.x - p.x, q.y - p.y);
        return (
          Math.max(...mine) <= Math.min(...other) + slack ||
          Math.max(...other) <= Math.min(...mine) + slack
        );
      }),
    );
  for (const figure of document.querySelectorAll("svg.nnv, svg.diagram")) {
    const name = figure.querySelector("title")?.textContent ?? "figure";
    const page = figure.getBoundingClientRect();
    const shown = [...figure.querySelectorAll("text")].filter(visible);
    const scale = figure.getScreenCTM().a;
    const sizes = shown.map((text) => scale * parseFloat(getComputedStyle(text).fontSize));
    if (Math.min(...sizes) < SMALLEST)
      found.push(`${name}: text of ${Math.min(...sizes).toFixed(1)} pixels`);
    const texts = shown
      .map((text) => ({ words: text.textContent, shape: corners(text) }));
    texts.forEach(({ words, shape }, i) => {
      for (const p of shape)
        if (p.x < page.left - 1 || p.x > page.right + 1 || p.y < page.top - 1 || p.y > page.bottom + 1) {
          found.push(`${name}: "${words}" leaves the figure`);
          break;
        }
      for (const other of texts.slice(i + 1))
        if (!apart(shape, other.shape)) found.push(`${name}: "${words}" lies on "${other.words}"`);
    });
  }
  return found;
}
