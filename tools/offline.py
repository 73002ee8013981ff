"""Makes the site that ``asv publish`` writes need no host but its own.

asv's index.html loads its libraries from content networks, so a site behind a proxy, on a plane or
in an archive shows an error page. Name this module in asv.conf.json, ``"plugins":
[".tools.offline"]``, last if there are several: ``publish`` then serves the copies in ``vendor/``.
asv looks for it in the folder of asv.conf.json; a configuration that lies elsewhere needs a link to ``tools``
beside it.

``python -m tools.offline`` fetches those copies again from the npm registry and proves that they are the bytes that
``vendor/vendor.json`` promises.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from asv.config import Config
from asv.publishing import OutputPublisher
from asv.util import UserError

from harness.kept import temporary_folder

VENDOR = Path(__file__).resolve().parent / "vendor"
CHART = "chart.js/chart.umd.min.js"

_LOAD_WITH_INTEGRITY = re.compile(r'(src|href)="[^"]*" integrity="([^"]*)"(?: (?:crossorigin|referrerpolicy)="[^"]*")*')
_EXTERNAL = re.compile(r"https?://[^\s\"'<>]+|^//\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Asset:
    """One file of ``vendor/``, as ``vendor.json`` describes it.

    ``path`` is its place in the npm package, None for a licence text that the package lacks.
    ``replaces`` names the file that asv loads instead, and ``replaces_integrity`` is the checksum
    by which asv's index.html refers to it; both are empty for fonts and licences.
    """

    file: str
    package: str
    version: str
    path: str | None
    sha256: str
    replaces: str = ""
    replaces_integrity: str = ""

    def verify(self, content: bytes, origin: str) -> bytes:
        """Return ``content`` if it is this asset; UserError, naming ``origin``, if it is not."""
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise UserError(f"{origin} has sha256 {found}, vendor.json says {self.sha256}")
        return content

    def copy(self, vendor: Path = VENDOR) -> bytes:
        """Return our copy; UserError if it cannot be read, or is another."""
        try:
            return self.verify((vendor / self.file).read_bytes(), f"vendor/{self.file}")
        except OSError as error:
            raise UserError(f"cannot read a vendored file: {error}") from error


class Offline(OutputPublisher):  # type: ignore[misc]
    """The step of ``asv publish`` that replaces every external asset; it shows no page."""

    @classmethod
    def publish(cls, conf: Config, repo: object, benchmarks: object, graphs: object, revisions: object) -> None:
        """Patch ``conf.html_dir``; UserError, and no index.html, if it would need the network."""
        localise(Path(conf.html_dir))


def manifest(vendor: Path = VENDOR) -> list[Asset]:
    """Return the assets that ``vendor.json`` in ``vendor`` lists."""
    return [Asset(**row) for row in json.loads((vendor / "vendor.json").read_text(encoding="utf-8"))]


def localise(site: Path, vendor: Path = VENDOR) -> None:
    """Copy the assets into ``site`` and make its index.html load them.

    Raises UserError for an asset that is not what the manifest says, and for an external address
    that is left; ``site`` then has no index.html.
    """
    index = site / "index.html"
    page = index.read_text(encoding="utf-8")
    # Gone until it is good: a deployment that ignores our failure must not publish asv's own page.
    index.unlink()
    assets = manifest(vendor)
    _write({asset.file: asset.copy(vendor) for asset in assets}, site / "vendor")
    known = {asset.replaces_integrity: asset for asset in assets if asset.replaces}

    def local(load: re.Match[str]) -> str:
        # Verified already; a checksum in the page would keep a browser from loading it where the page is a file.
        return f'{load[1]}="vendor/{known[load[2]].file}"' if load[2] in known else load[0]

    page = _LOAD_WITH_INTEGRITY.sub(local, page)
    addresses = _Addresses()
    addresses.feed(page)
    addresses.close()
    if addresses.external:
        left = ", ".join(addresses.external)
        raise UserError(f"index.html would still need the network, for {left}: add to vendor.json")
    index.write_text(page, encoding="utf-8")


def copy_chart_library(folder: Path) -> None:
    """Copy Chart.js into a folder, if it is what vendor.json says. Raises UserError otherwise."""
    _write({Path(CHART).name: asset.copy() for asset in manifest() if asset.file == CHART}, folder)


def fetch(vendor: Path = VENDOR) -> None:
    """Write the assets into ``vendor``, fresh from npm; UserError, nothing written, if one differs.

    Licence texts that no package holds are checked where they are.
    """
    assets = manifest(vendor)
    packages = {key: pack(*key) for key in sorted({(a.package, a.version) for a in assets})}
    contents = {}
    for asset in assets:
        fresh = packages[asset.package, asset.version].get(asset.path or "", b"")
        origin = f"{asset.path} of {asset.package}@{asset.version}"
        contents[asset.file] = asset.verify(fresh, origin) if asset.path else asset.copy(vendor)
    _write(contents, vendor)


def pack(package: str, version: str) -> dict[str, bytes]:
    """Return the regular files of an npm package by path; UserError if npm cannot get it."""
    spec = f"{package}@{version}"
    with temporary_folder("npm-") as folder:
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
        try:
            subprocess.run([*command, spec], check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(f"npm pack {spec} failed: {error}") from error
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as tar:
            files = ((member.name, tar.extractfile(member)) for member in tar)
            return {name.partition("/")[2]: file.read() for name, file in files if file}


def _write(contents: Mapping[str, bytes], folder: Path) -> None:
    """Write each content to its name under ``folder``."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class _Addresses(HTMLParser):
    """Collects in ``external`` what a page may load from other hosts; a link to click is not."""

    def __init__(self) -> None:
        super().__init__()
        self.external: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            for _, value in attrs:
                self.external += _EXTERNAL.findall(value or "")

    def handle_data(self, data: str) -> None:
        # Scripts and styles in the page can load too, and their text is data to the parser.
        self.external += _EXTERNAL.findall(data)


if __name__ == "__main__":
    try:
        fetch()
    except UserError as error:
        sys.exit(str(error))
    print(f"{len(manifest())} vendored files are what vendor.json says")
