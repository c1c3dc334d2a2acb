// A network of dense layers, its gradient and its optimizers, in plain JavaScript.
//
// The same formulas, names and order of operations as neural_net_core and neural_net_optim, in
// double precision; tests/browser/test_playground.py trains both from one start and compares.
// A parameter is a Float64Array: weights (out × in, row by row), then biases, layer by layer.

const NeuralNet = (() => {
  "use strict";

  // ---- activations: value, and slope expressed by value (y) or input (z)
  const activations = {
    tanh: { python: "Tanh", value: Math.tanh, slope: (z, y) => 1 - y * y },
    sigmoid: { python: "Sigmoid", value: sigmoid, slope: (z, y) => y * (1 - y) },
    relu: { python: "ReLU", value: (z) => (z > 0 ? z : 0), slope: (z) => (z > 0 ? 1 : 0) },
    gelu: {
      python: "GELU",
      value: (z) => z * normalCdf(z),
      slope: (z) => normalCdf(z) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
    },
  };

  function sigmoid(z) {
    return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
  }

  // Φ(z), the share of a normal distribution below z: a series near 0, a continued fraction far
  // out; both are exact to about 1e-15.
  function normalCdf(z) {
    const a = Math.abs(z);
    if (a > 38) return z > 0 ? 1 : 0;
    const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
    if (a < 4) {
      let term = z;
      let sum = z;
      for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= (z * z) / k;
      return 0.5 + density * sum;
    }
    let fraction = a;
    for (let k = 60; k > 0; k--) fraction = a + k / fraction;
    return z > 0 ? 1 - density / fraction : density / fraction;
  }

  // ---- parameters
  // Uniform between ±1/√inputs, weights and biases, as `Dense` draws them.
  function initialize(sizes, seed) {
    const draw = PlaygroundData.generator(seed);
    const parameters = [];
    for (let i = 1; i < sizes.length; i++) {
      const bound = 1 / Math.sqrt(sizes[i - 1]);
      const uniform = () => (2 * draw() - 1) * bound;
      parameters.push(Float64Array.from({ length: sizes[i] * sizes[i - 1] }, uniform));
      parameters.push(Float64Array.from({ length: sizes[i] }, uniform));
    }
    return parameters;
  }

  // ---- forward: the sums z and the values y of every layer for one input
  function forward(sizes, activation, parameters, input) {
    const { value } = activations[activation];
    const layers = [{ y: input }];
    for (let l = 1; l < sizes.length; l++) {
      const [w, b] = [parameters[2 * l - 2], parameters[2 * l - 1]];
      const x = layers[l - 1].y;
      const z = new Float64Array(sizes[l]);
      for (let j = 0; j < sizes[l]; j++) {
        let sum = b[j];
        for (let i = 0; i < x.length; i++) sum += w[j * x.length + i] * x[i];
        z[j] = sum;
      }
      layers.push({ z, y: l < sizes.length - 1 ? z.map(value) : z });
    }
    return layers;
  }

  // ---- backward: the mean cross-entropy over some points, and its gradient
  // L = max(z, 0) − z t + ln(1 + e^−|z|);  dz = σ(z) − t
  function lossAndGradient(sizes, activation, parameters, data) {
    const { slope } = activations[activation];
    const gradient = parameters.map((p) => new Float64Array(p.length));
    const count = data.points.length;
    let loss = 0;
    let right = 0;
    data.points.forEach((point, n) => {
      const layers = forward(sizes, activation, parameters, point);
      const t = data.labels[n];
      const z = layers[sizes.length - 1].z[0];
      loss += (Math.max(z, 0) - z * t + Math.log1p(Math.exp(-Math.abs(z)))) / count;
      right += z > 0 === t > 0.5;
      let dz = [(sigmoid(z) - t) / count];
      for (let l = sizes.length - 1; l > 0; l--) {
        const w = parameters[2 * l - 2];
        const [dw, db] = [gradient[2 * l - 2], gradient[2 * l - 1]];
        const { y, z: below } = layers[l - 1];
        const dy = new Float64Array(y.length);
        for (let j = 0; j < dz.length; j++) {
          db[j] += dz[j];
          for (let i = 0; i < y.length; i++) {
            dw[j * y.length + i] += dz[j] * y[i]; //    dW = dz yᵀ
            dy[i] += w[j * y.length + i] * dz[j]; //    dy = Wᵀ dz
          }
        }
        if (l > 1) dz = dy.map((d, i) => d * slope(below[i], y[i])); // through the activation
      }
    });
    return { loss, accuracy: right / count, gradient };
  }

  // ---- optimizers: one function that changes p by g, with a state per parameter and step t
  const optimizers = {
    sgd: {
      name: "SGD",
      python: "SGD(model.parameters(), lr=LR)",
      update: (p, g, s, lr) => p.forEach((_, i) => (p[i] -= lr * g[i])),
    },
    momentum: {
      name: "SGD with momentum",
      python: "SGD(model.parameters(), lr=LR, momentum=0.9)",
      update(p, g, s, lr, t) {
        s.b ??= new Float64Array(p.length);
        for (let i = 0; i < p.length; i++) {
          s.b[i] = t === 1 ? g[i] : 0.9 * s.b[i] + g[i]; // b ← μ b + g
          p[i] -= lr * s.b[i];
        }
      },
    },
    rmsprop: {
      name: "RMSprop",
      python: "RMSprop(model.parameters(), lr=LR)",
      update(p, g, s, lr) {
        s.v ??= new Float64Array(p.length);
        for (let i = 0; i < p.length; i++) {
          s.v[i] = 0.99 * s.v[i] + 0.01 * g[i] * g[i]; // v ← α v + (1 − α) g²
          p[i] -= (lr * g[i]) / (Math.sqrt(s.v[i]) + 1e-8);
        }
      },
    },
    adam: {
      name: "Adam",
      python: "Adam(model.parameters(), lr=LR)",
      update(p, g, s, lr, t) {
        s.m ??= new Float64Array(p.length);
        s.v ??= new Float64Array(p.length);
        for (let i = 0; i < p.length; i++) {
          s.m[i] = 0.9 * s.m[i] + 0.1 * g[i];
          s.v[i] = 0.999 * s.v[i] + 0.001 * g[i] * g[i];
          const m = s.m[i] / (1 - 0.9 ** t);
          const v = s.v[i] / (1 - 0.999 ** t);
          p[i] -= (lr * m) / (Math.sqrt(v) + 1e-8);
        }
      },
    },
  };

  // ---- a training run that remembers where it was
  // Snapshots of the parameters are kept so that the run can be looked at again; when there are
  // too many, every second one goes.
  const MOST_SNAPSHOTS = 400;

  class Run {
    constructor({ data, noise = 0, hidden, activation, optimizer, lr, decay = 0, batch = 0, seed }) {
      Object.assign(this, { activation, optimizer, lr, decay, batch, seed });
      this.data = PlaygroundData.makeData(data, noise);
      this.sizes = [2, ...hidden, 1];
      this.parameters = initialize(this.sizes, seed);
      this.states = this.parameters.map(() => ({}));
      this.steps = 0;
      this.every = 1;
      this.snapshots = [];
      this.keep();
    }

    evaluate(data = this.data) {
      return lossAndGradient(this.sizes, this.activation, this.parameters, data);
    }

    // The points of the next step: all, or as many as a batch has, one batch after the other.
    next() {
      const { points, labels } = this.data;
      if (!this.batch) return this.data;
      const rows = Array.from({ length: this.batch }, (_, i) =>
        (this.steps * this.batch + i) % points.length);
      return { points: rows.map((n) => points[n]), labels: rows.map((n) => labels[n]) };
    }

    keep() {
      const { loss, accuracy } = this.evaluate();
      const test = this.data.test ? this.evaluate(this.data.test) : null;
      const parameters = this.parameters.map((p) => p.slice());
      this.snapshots.push({ step: this.steps, loss, accuracy, test, parameters });
      if (this.snapshots.length > MOST_SNAPSHOTS) {
        this.every *= 2;
        this.snapshots = this.snapshots.filter(({ step }) => step % this.every === 0);
      }
    }

    step() {
      const { gradient } = this.evaluate(this.next());
      this.steps += 1;
      const { update } = optimizers[this.optimizer];
      this.parameters.forEach((p, k) => {
        const g = gradient[k].map((slope, i) => slope + this.decay * p[i]); // of L + λ/2 |p|²
        update(p, g, this.states[k], this.lr, this.steps);
      });
      if (this.steps % this.every === 0) this.keep();
    }

    // The run as a program for the Python packages, which print the loss after `steps` steps.
    toPython(steps) {
      const start = initialize(this.sizes, this.seed);
      const { python } = activations[this.activation];
      const decay = this.decay ? `, weight_decay=${this.decay}` : "";
      const call = optimizers[this.optimizer].python.replace("LR", `${this.lr}${decay}`);
      const rows = (array, width) =>
        Array.from({ length: array.length / width }, (_, r) =>
          `[${[...array.slice(r * width, (r + 1) * width)].join(", ")}]`,
        ).join(",\n        ");
      const entries = [];
      for (let l = 1; l < this.sizes.length; l++) {
        const name = `layers.${l - 1}`;
        entries.push(
          `    "${name}.weight": [\n        ${rows(start[2 * l - 2], this.sizes[l - 1])},\n    ],`,
          `    "${name}.bias": [${[...start[2 * l - 1]].join(", ")}],`,
        );
      }
      return [
        "import numpy as np",
        "",
        `from neural_net_core import BCEWithLogitsLoss, FeedForward, ${python}, default_dtype`,
        `from neural_net_optim import ${call.split("(")[0]}`,
        "",
        `x = np.array([${this.data.points.map((p) => `[${p.join(", ")}]`).join(", ")}], dtype=float)`,
        `target = np.array([${this.data.labels.map((t) => `[${t}]`).join(", ")}], dtype=float)`,
        "",
        "start = {",
        ...entries,
        "}",
        "with default_dtype(np.float64):  # as this page computes",
        `    model = FeedForward((${this.sizes.join(", ")}), ${python})`,
        "    model.load_state_dict({name: np.array(value) for name, value in start.items()})",
        `    optimizer = ${call}`,
        "    loss_function = BCEWithLogitsLoss()",
        `    for step in range(${steps}):`,
        ...(this.batch
          ? [
              `        rows = np.arange(step * ${this.batch}, (step + 1) * ${this.batch}) % len(x)`,
              "        loss = loss_function(model(x[rows]), target[rows])",
            ]
          : ["        loss = loss_function(model(x), target)"]),
        "        optimizer.zero_grad()",
        "        loss.backward()",
        "        optimizer.step()",
        "    print(loss_function(model(x), target).item())",
        "",
      ].join("\n");
    }
  }

  return { Run, activations, forward, initialize, lossAndGradient, optimizers, sigmoid };
})();
