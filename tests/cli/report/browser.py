"""A real browser, without a window: what it makes of a page of ours."""

import shutil
import subprocess
from pathlib import Path

import pytest

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    *("--enable-logging=stderr", "--virtual-time-budget=2000"),
)
NEEDS_BROWSER = pytest.mark.skipif(
    not _CHROMIUM, reason="needs chromium (Debian package 'chromium')"
)


def browsed(page: Path, *flags: str) -> str:
    """What the browser prints of a page; it may complain of nothing."""
    told = subprocess.run(
        [str(_CHROMIUM), *_FLAGS, *flags, f"file://{page.resolve()}"],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert "CONSOLE" not in told.stderr
    return told.stdout


def answered(page: Path, script: str, *flags: str) -> str:
    """What a script on the page leaves as the title of it."""
    asked = page.with_name(f"asked-{page.name}")
    text = page.read_text("utf-8").replace("</body>", f"<script>{script}</script></body>")
    asked.write_text(text, "utf-8")
    title = browsed(asked, "--dump-dom", *flags).partition("<title>")[2]
    return title.partition("</title>")[0]
