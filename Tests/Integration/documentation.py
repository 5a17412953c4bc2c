# SPDX-License-Identifier: Apache-2.0
"""Looks at the documentation's site in headless Chromium.

    documentation.py SITE [SCREENSHOTS]

Serves the site, has the browser make its pages, and checks that each article is there with its title and its code,
that what it links to exists, and, over the data of all pages, that no reference leads nowhere.
"""

import functools
import html
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

CATALOG = pathlib.Path("Sources/ImageSpec/ImageSpec.docc")
SYMBOLS = ["imagespec", "imagespec/imagespec", "imagespec/imagespec/containerbuilder", "imagespec/imagespecerror"]


class Handler(http.server.SimpleHTTPRequestHandler):
    missing: list[str] = []

    def log_message(self, *_: object) -> None: pass

    def send_error(self, code: int, *rest: object) -> None:
        self.missing.append(f"{code} {self.path}")
        super().send_error(code, *rest)


def browse(address: str, profile: str, *options: str) -> str:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio",
               "--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}",
               "--virtual-time-budget=15000", "--window-size=1300,1800", *options, address]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120, check=True)
    return run.stdout.decode()


def articles() -> dict[str, pathlib.Path]:
    """Paths of pages below documentation/, with their sources. A file whose title is a symbol extends that symbol's page."""
    return {"imagespec/" + file.stem.lower(): file for file in sorted(CATALOG.glob("*.md"))
            if not file.read_text(encoding="utf-8").startswith("# ``")}


def visible(text: str) -> str:
    """The words of a page, without what makes them look as they do."""
    return re.sub(r"\s+", "", html.unescape(re.sub(r"<[^>]*>", "", text)))


def check_page(site: pathlib.Path, path: str, page: str, source: pathlib.Path | None) -> list[str]:
    problems = []
    words = visible(page)
    if "Anerroroccurred" in words or "can’tbefound" in words:
        problems.append(f"{path}: shows an error")
    if source:
        text = source.read_text(encoding="utf-8")
        title = text.split("\n", 1)[0].removeprefix("# ")
        if not re.search(r"<h1[^>]*>\s*(<[^>]*>)*" + re.escape(html.escape(title, quote=False)), page):
            problems.append(f"{path}: has no title {title!r}")
        for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if re.sub(r"\s+", "", block) not in words:
                problems.append(f"{path}: does not show the code\n{block}")
    for link in set(re.findall(r'href="(/[^"#?]*)', page)):
        target = site / link.strip("/")
        if not target.is_file() and not (target / "index.html").is_file():
            problems.append(f"{path}: links to {link}, which is not there")
    return problems


def check_data(site: pathlib.Path) -> tuple[int, list[str]]:
    """Every page's references, as the browser would follow them."""
    count, problems = 0, []
    for file in sorted((site / "data").rglob("*.json")):
        for reference in json.loads(file.read_text(encoding="utf-8")).get("references", {}).values():
            address = reference.get("url", "") if reference.get("type") in ("topic", "link") else ""
            if address.startswith("/documentation/"):
                count += 1
                if not (site / "data" / (address.split("#")[0].strip("/") + ".json")).is_file():
                    problems.append(f"{file.relative_to(site)}: {address}")
    return count, problems


def main(site: pathlib.Path, pictures: pathlib.Path | None) -> int:
    count, problems = check_data(site)
    checks = 1
    print(f" ok  {count} references in the data of all pages" if not problems else "\n".join(problems))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/documentation/"
    sources = articles()
    with tempfile.TemporaryDirectory() as profile:
        for path in [*SYMBOLS, *sources]:
            page = browse(address + path + "/", profile, "--dump-dom")
            found = check_page(site, path, page, sources.get(path))
            problems += found
            checks += 1
            print(f" ok  {path}" if not found else "\n".join(found))
            if pictures:
                picture = pictures / (path.replace("/", "-") + ".png")
                browse(address + path + "/", profile, "--hide-scrollbars", f"--screenshot={picture}")
    problems += [f"the browser asked for {path}" for path in Handler.missing]
    print("\n".join(Handler.missing))
    print(f"{checks + 1 - min(len(problems), checks)} passed, {len(problems)} failed")
    return 1 if problems else 0


sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None))
