// CPython, NumPy and the packages in a worker. `interpreter.js` starts it and talks to it.
//
// Messages in:  {start: {textbook}} first, then {id, run: blocks} or {id, code}.
// Messages out: {ready}, {failed}, and for an id {state}, {text}, {figure}, {done: result}.
const here = new URL("python/", self.location);

// The code of a page reads this site and nothing else.
const fetchAny = self.fetch.bind(self);
self.fetch = (what, options) => {
  const address = new URL(what instanceof Request ? what.url : what, self.location);
  return address.origin === self.location.origin
    ? fetchAny(what, options)
    : Promise.reject(new TypeError(`${address.origin} is elsewhere: code in the page stays here`));
};
importScripts(new URL("pyodide.js", here));
for (const name of ["XMLHttpRequest", "WebSocket", "EventSource", "WebTransport", "Worker"])
  delete self[name];

let page; // the Python module page.py
let current = null; // the id of the message that runs

const content = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.arrayBuffer();
};

async function start({ textbook }) {
  const files = ["numpy.whl", "packages.zip", "../page.py"].map((f) => content(new URL(f, here)));
  const python = await loadPyodide({
    indexURL: here.href,
    env: { HOME: "/home/pyodide", NEURAL_NET_TEXTBOOK: textbook ? "1" : "0", COLUMNS: "90" },
  });
  const say = (text) => postMessage({ id: current, text });
  python.setStdout({ batched: say });
  python.setStderr({ batched: say });
  const [numpy, packages, code] = await Promise.all(files);
  const extractDir = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(numpy, "wheel", { extractDir });
  python.unpackArchive(packages, "zip", { extractDir });
  python.FS.writeFile(`${extractDir}/page.py`, new Uint8Array(code));
  python.runPython("import importlib; importlib.invalidate_caches()");
  page = python.pyimport("page");
}

async function answer({ id, run, code }) {
  current = id;
  const show = (kind, what) => postMessage({ id, [kind]: what });
  const result = run ? page.run_blocks(run, show) : page.run_code(code, show);
  postMessage({ id, done: result.toJs({ dict_converter: Object.fromEntries }) });
  result.destroy();
}

let started;
self.onmessage = async ({ data }) => {
  try {
    if (data.start) {
      started = start(data.start);
      await started;
      postMessage({ ready: true });
    } else {
      await started;
      await answer(data);
    }
  } catch (error) {
    postMessage({ id: data.id, failed: String(error) });
  }
};
