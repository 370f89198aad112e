"""A page in headless Chromium, driven over the DevTools protocol: what it says, asks for and shows."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["Page", "chromium", "open_page"]

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-port=0",
)


def chromium() -> str | None:
    """The browser's program, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """One page; what it says and asks for is gathered while commands wait for their answers."""

    def __init__(self, socket: Any) -> None:
        self.said: list[str] = []
        self.requested: list[str] = []
        self._socket = socket
        self._number = 0
        self._session = ""

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            told = json.loads(self._socket.recv(timeout=60))
            self._note(told)
            if told.get("id") == self._number:
                assert "error" not in told, told["error"]
                return dict(told["result"])

    def attach(self) -> None:
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")

    def _note(self, told: dict[str, Any]) -> None:
        method, told = told.get("method"), told.get("params", {})
        if method == "Runtime.consoleAPICalled":
            self.said.append(f"{told['type']}: {told['args']}")
        elif method == "Runtime.exceptionThrown":
            self.said.append(f"exception: {told['exceptionDetails']}")
        elif method == "Log.entryAdded":
            self.said.append(f"{told['entry']['level']}: {told['entry']['text']}")
        elif method == "Network.requestWillBeSent":
            self.requested.append(told["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.said.append(f"dialog: {told['message']}")

    def size(self, width: int, height: int, *, dark: bool = False, media: str = "screen") -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def load(self, path: Path) -> None:
        self.command("Page.navigate", url=path.as_uri())
        self.evaluate(
            "new Promise(done => document.readyState === 'complete' ? done() "
            ": addEventListener('load', () => done()))"
        )

    def evaluate(self, expression: str) -> Any:
        answer = self.command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of what the selector finds first."""
        place = self.evaluate(
            f"(() => {{ const at = document.querySelector({json.dumps(selector)}); "
            "at.scrollIntoView({block: 'center'}); const box = at.getBoundingClientRect(); "
            "return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.command(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    def press(self, key: str, code: int, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            self.command(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text
            )

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        drawn = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(drawn["data"]))


@contextmanager
def open_page(profile: Path) -> Iterator[Page]:
    """An empty page of a browser of its own, which ends with the context; the folder keeps its state."""
    from websockets.sync.client import connect

    program = chromium()
    assert program is not None
    browser = subprocess.Popen(
        [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert browser.stderr is not None
        address = next(
            line.split()[-1] for line in browser.stderr if line.startswith("DevTools listening on")
        )
        # Read on, or a talkative browser stands still.
        with connect(address, max_size=None, proxy=None, open_timeout=60) as socket:
            page = Page(socket)
            page.attach()
            yield page
            with suppress(Exception):
                page.command("Browser.close")
    finally:
        browser.terminate()
        browser.communicate(timeout=30)
