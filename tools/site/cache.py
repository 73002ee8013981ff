"""Remembers the results that were read, by the checksums of their files, so that one more takes no longer than one."""

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import files

CACHE = Path(".asv/results.pickle")
"""Beside asv.conf.json, like all that is made."""

HERE = Path(__file__).parent
READERS = (HERE / "results.py", HERE / "suite.py", HERE.parent / "results.py")


class Cache:
    """What was read of files of these contents before. ``basis`` is what else decides on it."""

    def __init__(self, path: Path, basis: bytes) -> None:
        self.path = path
        self.basis = hashlib.sha256(basis + b"".join(reader.read_bytes() for reader in READERS)).digest()

    def read(self) -> Mapping[str, Any]:
        """Return the results by checksum; none where nothing was written, or with other code, or not to its end."""
        content = self.path.read_bytes() if self.path.is_file() else b""
        seal, payload = content[:32], content[32:]
        known: Mapping[str, Any] = pickle.loads(payload) if seal == self._seal(payload) else {}
        return known

    def write(self, results: Mapping[str, Any]) -> None:
        payload = pickle.dumps(results, pickle.HIGHEST_PROTOCOL)
        files.write(self.path, self._seal(payload) + payload)

    def _seal(self, payload: bytes) -> bytes:
        return hashlib.sha256(self.basis + payload).digest()
