"""docs/images/*.svg: the diagrams of docs/diagrams/*.mmd, drawn by Mermaid in this machine's Chromium.

Mermaid is installed into .venv by npm. Reading and testing the documentation needs neither.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SOURCES = Path("docs/diagrams")
PICTURES = Path("docs/images")

VERSION = "12.3.0"
SHA512 = "4113TdXeLAsMruJ79OpFL5O8+LTFXhQqZ260rF3tgUmiNAtRm4Uume04I+65PRN6yZ69J4f8rVYWW8zRk65UYw=="
"""The digest of the package in npm's registry."""

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

FONTS = "system-ui, sans-serif"

SETTINGS = {
    "startOnLoad": False,
    "look": "classic",
    "htmlLabels": False,  # plain SVG text, which every viewer draws
    "fontFamily": FONTS,
    "fontSize": 15,
    "theme": "base",
    "themeVariables": {
        "fontFamily": FONTS,
        "fontSize": "15px",
        "primaryColor": "#fdebdc",
        "primaryBorderColor": "#b4531a",
        "primaryTextColor": "#1f2328",
        "lineColor": "#57606a",
        "textColor": "#1f2328",
        "actorBkg": "#fdebdc",
        "actorBorder": "#b4531a",
        "actorLineColor": "#afb8c1",
        "signalColor": "#424a53",
        "signalTextColor": "#1f2328",
        "noteBkgColor": "#fff8c5",
        "noteBorderColor": "#bf8700",
        "noteTextColor": "#1f2328",
        "clusterBkg": "#f6f8fa",
        "clusterBorder": "#d0d7de",
        "edgeLabelBackground": "#ffffff",
    },
    "sequence": {"mirrorActors": False, "messageMargin": 36, "width": 120, "actorMargin": 44},
    "flowchart": {"nodeSpacing": 44, "rankSpacing": 52},
}

DRAW = """
async ([id, text, margin]) => {
  const drawn = new DOMParser().parseFromString((await mermaid.render(id, text)).svg, "image/svg+xml");
  const svg = drawn.documentElement;
  const box = svg.viewBox.baseVal;
  const [x, y] = [box.x - margin, box.y - margin];
  const [width, height] = [Math.ceil(box.width) + 2 * margin, Math.ceil(box.height) + 2 * margin];
  svg.removeAttribute("style");
  drawn.querySelectorAll("symbol").forEach(unused => unused.remove());
  for (const [name, value] of Object.entries({ width, height, viewBox: `${x} ${y} ${width} ${height}` })) {
    svg.setAttribute(name, value);
  }
  const paper = drawn.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x, y, width, height, rx: 8, fill: "#ffffff" })) {
    paper.setAttribute(name, value);
  }
  svg.prepend(paper);
  return new XMLSerializer().serializeToString(svg);
}
"""
"""The script that draws a diagram on a light background, at its own size."""

MARGIN = 12


def mark(source: str) -> str:
    """A mark in the picture of how it was made. A picture without this mark is stale."""
    made_from = json.dumps([source, VERSION, SETTINGS, DRAW, MARGIN])
    return f"<!-- {hashlib.sha256(made_from.encode()).hexdigest()} -->"


def is_fresh(source: Path) -> bool:
    """Whether a diagram's picture was made from what the diagram says now."""
    target = picture(source)
    return target.exists() and mark(source.read_text()) in target.read_text()


def picture(source: Path) -> Path:
    """The picture of a diagram."""
    return PICTURES / f"{source.stem}.svg"


def main() -> None:
    """Draw the diagrams whose pictures are stale."""
    stale = [source for source in sorted(SOURCES.glob("*.mmd")) if not is_fresh(source)]
    if not stale:
        return
    script = mermaid(Path(sys.prefix) / "mermaid" / VERSION)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(path=script)
        page.evaluate("settings => mermaid.initialize(settings)", SETTINGS)
        for source in stale:
            draw(page, source)
        browser.close()


def draw(page: Page, source: Path) -> None:
    """Draw one."""
    text = source.read_text()
    svg = page.evaluate(DRAW, [source.stem, text, MARGIN])
    picture(source).write_text(f"{mark(text)}\n{svg}\n")


def mermaid(home: Path) -> Path:
    """Mermaid's JavaScript, fetched once. Exits if that is not possible."""
    script = home / "mermaid.min.js"
    if script.exists():
        return script
    if not shutil.which("npm"):
        sys.exit("The diagrams are drawn by Mermaid, which npm fetches: there is no npm on this machine.")
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"mermaid@{VERSION}", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - no input of anybody's
        package = Path(folder) / f"mermaid-{VERSION}.tgz"
        found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if found != SHA512:
            sys.exit(f"mermaid@{VERSION} is not the package that is pinned: its SHA-512 is {found}")
        shutil.unpack_archive(package, folder)
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(folder) / "package" / "dist" / script.name, script)
    return script


def chromium() -> str:
    """The browser that draws. Exits if there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    return found or sys.exit(f"The diagrams are drawn in Chromium: none of {', '.join(CHROMIUMS)} is here.")


if __name__ == "__main__":
    main()
