"""Debian's chromium without a window, driven through its DevTools pipe: how a page looks, and what it requests.

https://chromedevtools.github.io/devtools-protocol/ describes the methods; messages are JSON followed by a null byte.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = "chromium"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --disable-breakpad --hide-scrollbars "
    "--remote-debugging-pipe"
)
PATIENCE = 120.0
"""Seconds that the browser may take to exit."""


class Missing(Exception):
    """The browser is not installed on this machine."""


class Browser:
    """One tab. Enter it before use; it ends with its pipe, and so with the process that started it."""

    def __init__(self, scratch: Path) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise Missing(PROGRAM)
        self._command = [program, *FLAGS.split(), f"--user-data-dir={scratch}", "about:blank"]
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(scratch), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self._number = 0
        self._session: str | None = None
        self.requested: list[str] = []
        """URLs requested by the page since ``open``."""
        self.blocked: list[str] = []
        """Why some of these requests were blocked; ``csp`` is the page's own policy."""

    def __enter__(self) -> Self:
        for_it, self._to = os.pipe()
        self._from, by_it = os.pipe()
        join = f'exec "$@" 3<&{for_it} 4>&{by_it}'  # the descriptors that it expects
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", join, "bash", *self._command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            pass_fds=(for_it, by_it),
            start_new_session=True,
        )
        os.close(for_it)
        os.close(by_it)
        self._messages = self._receive()
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self._call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Network"):
            self._call(f"{domain}.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._to)
        os.close(self._from)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=3)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE)

    def open(self, page: Path, *, width: int, scheme: str = "light", media: str = "screen") -> None:
        """Open a file in a window ``width`` pixels wide, with a preference for light or dark."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600
        )
        wish = {"name": "prefers-color-scheme", "value": scheme}
        self._call("Emulation.setEmulatedMedia", media=media, features=[wish])
        self.requested.clear()
        self.blocked.clear()
        self._call("Page.navigate", url=page.as_uri())
        while next(self._messages).get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, which is evaluated even if the page's own scripts are forbidden."""
        response = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in response, response
        return response["result"].get("value")

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        response = next(response for response in self._messages if response.get("id") == self._number)
        assert "result" in response, response
        result: dict[str, Any] = response["result"]
        return result

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Network.requestWillBeSent":
            self.requested.append(message["params"]["request"]["url"])
        elif message.get("method") == "Network.loadingFailed":
            self.blocked.append(message["params"].get("blockedReason", ""))

    def _receive(self) -> Iterator[dict[str, Any]]:
        """The messages as they arrive; also records the requests among them."""
        rest = b""
        while chunk := os.read(self._from, 1 << 20):
            *whole, rest = (rest + chunk).split(b"\0")
            for text in whole:
                message = json.loads(text)
                self._note(message)
                yield message
        raise RuntimeError(f"{PROGRAM} has ended")
