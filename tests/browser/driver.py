"""A headless Chromium driven through a pipe, with nothing but the standard library.

Chromium started with `--remote-debugging-pipe` reads commands of its DevTools protocol from file
descriptor 3 and writes answers and events to 4: JSON, each message ended by a zero byte.
Requests to any host but this machine fail in the browser itself.
"""

import base64
import contextlib
import functools
import http.server
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # the network is cut
    "--remote-debugging-pipe",
)
HIGHEST = 16_000  # pixels of a screenshot
PATIENCE = 120.0  # seconds; a loaded machine is slow, a dead browser never answers


def find_chromium() -> str | None:
    """Return the path of an installed Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and keeps silent about it."""

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine; the value is its address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class Browser:
    """One Chromium with one tab.

    `troubles` collects what a reader would find in the console: errors, warnings, exceptions,
    failed and foreign requests.
    """

    def __init__(self, program: str) -> None:
        self.troubles: list[str] = []
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._requested: dict[str, str] = {}
        self._buffer = b""
        self._loaded = 0
        commands, self._out = os.pipe()
        self._in, answers = os.pipe()
        # High numbers first, so that 3 and 4 can be overwritten whatever they hold now.
        commands_high, answers_high = os.dup(commands), os.dup(answers)

        def take_places() -> None:
            a, b = os.dup(commands_high), os.dup(answers_high)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self._process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={self._folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=take_places,
            close_fds=False,
        )
        for number in (commands, answers, commands_high, answers_high):
            os.close(number)
        targets = self.call("Target.getTargets")["targetInfos"]
        tab = next(target["targetId"] for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=tab, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)
        self._folder.cleanup()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come meanwhile are noted."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        while (answer := self._next_message()).get("id") != number:
            self._note(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, address: str) -> None:
        """Load a page and wait until all that it names has been loaded."""
        before = self._loaded
        self.call("Page.navigate", url=address)
        while self._loaded == before:
            self._note(self._next_message())

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, which may be a promise."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def wait_for(self, expression: str, patience: float = PATIENCE) -> Any:
        """Evaluate until the value is true, and return it."""
        end = time.monotonic() + patience
        while not (value := self.evaluate(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"never became true: {expression}")
            time.sleep(0.05)
        return value

    def resize(self, width: int, height: int) -> None:
        """Give the page the size of a screen; below 600 pixels it is a phone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, **features: str) -> None:
        """Set media features, `prefers_color_scheme="dark"` for instance."""
        pairs = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", features=pairs)

    def press(self, key: str) -> None:
        """Press and release a key: a letter, or a name such as `ArrowRight`."""
        codes = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, " ": 32, "Enter": 13}
        press: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        if len(key) == 1:
            press["text"] = key
        self.call("Input.dispatchKeyEvent", type="keyDown", **press)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, path: Path, whole: bool = False) -> None:
        """Write what the window shows, or the whole page up to what Chromium can, as a PNG."""
        options: dict[str, Any] = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            height = min(size["height"], HIGHEST)
            clip = {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1}
            options = {"captureBeyondViewport": True, "clip": clip}
        picture = self.call("Page.captureScreenshot", **options)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def _next_message(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], PATIENCE)
            piece = os.read(self._in, 1 << 16) if ready else b""
            if not piece:
                raise TimeoutError("Chromium ended or does not answer")
            self._buffer += piece
        text, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        """Keep what an event says about trouble."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded += 1
        elif method == "Network.requestWillBeSent":
            address = params["request"]["url"]
            self._requested[params["requestId"]] = address
            if not address.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
                self.troubles.append(f"asks for {address}")
        elif method == "Network.responseReceived" and params["response"]["status"] >= 400:
            self.troubles.append(f"{params['response']['status']} {params['response']['url']}")
        elif method == "Network.loadingFailed" and not params.get("canceled"):
            address = self._requested.get(params["requestId"], "?")
            self.troubles.append(f"{params['errorText']} {address}")
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            text = details.get("exception", {}).get("description", details["text"])
            self.troubles.append(f"exception: {text}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning"}:
            said = [str(arg.get("value", arg.get("description"))) for arg in params["args"]]
            self.troubles.append(f"console: {' '.join(said)}")
        elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.troubles.append(f"log: {params['entry']['text']}")
