"""Makes the site that ``asv publish`` writes need no host but its own.

asv's index.html loads its libraries from content networks, so a site behind a proxy, on a plane or
in an archive shows an error page. Name this module in asv.conf.json, ``"plugins":
[".tools.offline"]``, last if there are several: ``publish`` then serves the copies in ``vendor/``.
asv looks for it in the folder of asv.conf.json; a configuration that lies elsewhere needs a link to ``tools``
beside it.

``python -m tools.offline vendor`` fetches those copies again from the npm registry and proves that
they are the bytes that ``vendor/vendor.json`` promises.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from asv.config import Config
from asv.publishing import OutputPublisher
from asv.util import UserError

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


class Offline(OutputPublisher):  # type: ignore[misc]
    """The step of ``asv publish`` that replaces every external asset; it shows no page."""

    @classmethod
    def publish(cls, conf: Config, repo: object, benchmarks: object, graphs: object, revisions: object) -> None:
        """Patch ``conf.html_dir``; UserError, and no index.html, if it would need the network."""
        localise(Path(conf.html_dir))


def manifest(vendor: Path = VENDOR) -> list[Asset]:
    """Return the assets that ``vendor.json`` in ``vendor`` lists."""
    rows = json.loads((vendor / "vendor.json").read_text(encoding="utf-8"))
    return [Asset(**row) for row in rows]


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
    _copy(assets, vendor, site / "vendor")
    page = _with_local_assets(page, assets)
    _refuse_external(page)
    index.write_text(page, encoding="utf-8")


def copy_chart_library(folder: Path) -> None:
    """Copy Chart.js into a folder, if it is what vendor.json says. Raises UserError otherwise."""
    (asset,) = [asset for asset in manifest() if asset.file == CHART]
    _write({Path(CHART).name: asset.verify(_read(VENDOR / CHART), CHART)}, folder)


def fetch(vendor: Path = VENDOR) -> None:
    """Write the assets into ``vendor``, fresh from npm; UserError, nothing written, if one differs.

    Licence texts that no package holds are checked where they are.
    """
    assets = manifest(vendor)
    packages = {key: pack(*key) for key in sorted({(a.package, a.version) for a in assets})}
    contents = {}
    for asset in assets:
        if asset.path is None:
            content, origin = _read(vendor / asset.file), asset.file
        else:
            content = packages[asset.package, asset.version].get(asset.path, b"")
            origin = f"{asset.path} of {asset.package}@{asset.version}"
        contents[asset.file] = asset.verify(content, origin)
    _write(contents, vendor)


def pack(package: str, version: str) -> dict[str, bytes]:
    """Return the files of an npm package by path; UserError if npm cannot get it."""
    spec = f"{package}@{version}"
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
        try:
            subprocess.run([*command, spec], check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(f"npm pack {spec} failed: {error}") from error
        (archive,) = Path(folder).glob("*.tgz")
        return _unpacked(archive)


def _unpacked(archive: Path) -> dict[str, bytes]:
    """Return the regular files of an npm archive by path, without its top folder."""
    files = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if stream := tar.extractfile(member):
                files[member.name.partition("/")[2]] = stream.read()
    return files


def _copy(assets: Iterable[Asset], vendor: Path, target: Path) -> None:
    """Copy ``assets`` from ``vendor`` to ``target``; UserError if one is not as listed."""
    _write({a.file: a.verify(_read(vendor / a.file), f"vendor/{a.file}") for a in assets}, target)


def _read(path: Path) -> bytes:
    """Return the content of ``path``; UserError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read a vendored file: {error}") from error


def _write(contents: dict[str, bytes], folder: Path) -> None:
    """Write each content to its name under ``folder``."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _with_local_assets(page: str, assets: Iterable[Asset]) -> str:
    """Return ``page`` with each load of a known checksum turned to our copy.

    That one was verified; a checksum in the page would keep a browser from loading it where the page is a file.
    """
    known = {a.replaces_integrity: a for a in assets if a.replaces_integrity}

    def local(load: re.Match[str]) -> str:
        attribute, integrity = load.groups()
        if integrity not in known:
            return load[0]
        return f'{attribute}="vendor/{known[integrity].file}"'

    return _LOAD_WITH_INTEGRITY.sub(local, page)


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


def _refuse_external(page: str) -> None:
    """Raise UserError if ``page`` loads anything from another host."""
    addresses = _Addresses()
    addresses.feed(page)
    addresses.close()
    if addresses.external:
        left = ", ".join(addresses.external)
        raise UserError(f"index.html would still need the network, for {left}: add to vendor.json")


def main(arguments: list[str] | None = None) -> None:
    """Run ``vendor``; exit with one line if the registry's bytes are not those of the manifest."""
    parser = argparse.ArgumentParser(prog="python -m tools.offline", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["vendor"], default="vendor")
    parser.parse_args(arguments)
    try:
        fetch()
    except UserError as error:
        sys.exit(str(error))
    print(f"{len(manifest())} vendored files are what vendor.json says")


if __name__ == "__main__":
    main()
