"""What the pages send that come in parts."""

import asyncio
import time

PART, PARTS = b"part" * 1024, 5
FILE = PART * 256


def parts(wait):
    """Yield the parts, and wait so many seconds between two."""
    yield PART
    for _ in range(PARTS - 1):
        time.sleep(wait)
        yield PART


async def aparts(wait):
    yield PART
    for _ in range(PARTS - 1):
        await asyncio.sleep(wait)
        yield PART
