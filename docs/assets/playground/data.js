// Points in a plane, of two classes: some to train on, and others of the same kind to test on.

const PlaygroundData = (() => {
  "use strict";

  // A small generator of uniform numbers (mulberry32): the same seed, the same numbers.
  function generator(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  // A number from the normal distribution (Box and Muller).
  const normal = (draw) =>
    Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

  // Each makes [x, y, class] triples; `shift` in [0, 1) moves along the curve, so that points for
  // testing lie between those for training.
  function corners(shift, copies = 12) {
    const points = [];
    for (let n = 0; n < copies; n++)
      for (const [x, y] of [[0, 0], [0, 1], [1, 0], [1, 1]]) points.push([x, y, x ^ y]);
    return points;
  }

  function spirals(shift, count = 48, turns = 1.25) {
    const points = [];
    for (let n = shift; n < count; n++) {
      const radius = 0.25 + (2.25 * n) / (count - 1);
      const angle = (2 * Math.PI * turns * n) / (count - 1);
      for (const side of [1, -1])
        points.push([side * radius * Math.cos(angle), side * radius * Math.sin(angle), side > 0 ? 1 : 0]);
    }
    return points;
  }

  function rings(shift) {
    const points = [];
    for (const [radius, count, label] of [[0.35, 6, 1], [0.8, 12, 1], [1.7, 22, 0], [2.2, 28, 0]])
      for (let n = shift; n < count; n++) {
        const angle = (2 * Math.PI * n) / count + radius;
        points.push([radius * Math.cos(angle), radius * Math.sin(angle), label]);
      }
    return points;
  }

  const datasets = {
    xor: { name: "XOR", make: corners, range: [-1, 2] },
    rings: { name: "a disc in a ring", make: rings, range: [-3, 3] },
    spirals: { name: "two spirals", make: spirals, range: [-3, 3] },
  };

  // Every point moved at random, in both directions by a normal number times `noise`, and in an
  // order in which a few of them in a row are a fair sample.
  function scatter(points, noise, seed) {
    const draw = generator(seed);
    const moved = points.map(([x, y, label]) =>
      noise ? [x + noise * normal(draw), y + noise * normal(draw), label] : [x, y, label]);
    for (let i = moved.length - 1; i > 0; i--) {
      const j = Math.floor(draw() * (i + 1));
      [moved[i], moved[j]] = [moved[j], moved[i]];
    }
    return { points: moved.map(([x, y]) => [x, y]), labels: moved.map(([, , label]) => label) };
  }

  function makeData(name, noise) {
    const { make, range } = datasets[name];
    if (name === "xor" && !noise) {
      // The four corners are all that there is: nothing is left to test on.
      const points = corners(0, 1);
      return {
        points: points.map(([x, y]) => [x, y]), labels: points.map(([, , label]) => label),
        test: null, range: [-0.5, 1.5],
      };
    }
    return { ...scatter(make(0), noise, 1), test: scatter(make(0.5), noise, 2), range };
  }

  return { datasets, generator, makeData };
})();
