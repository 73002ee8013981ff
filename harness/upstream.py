"""``python -m harness.upstream PORT``: another service that a view calls; it answers ``/?ms=100`` after 100 ms."""

import asyncio
import re
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nupstream"


async def converse(reader, writer):
    """Answer the requests of one connection until it is closed."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            wait = re.search(rb"[?&]ms=([\d.]+)", head.partition(b"\r\n")[0])
            await asyncio.sleep(float(wait.group(1)) / 1000 if wait else 0)
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main(port):
    server = await asyncio.start_server(converse, "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
