"""`python -m benchmarks.attackers PORT SECONDS`: 64 connections that try passwords, until the time is over.

In a process of its own, and without a client library, so that it takes little of the CPU that the server needs. Prints
how often each status was answered.
"""

import asyncio
import json
import sys
import time
from collections import Counter

ATTACKERS = 64


async def attack(port: int, end: float, answers: Counter[str], n: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"username": f"victim{n}", "password": "x"}).encode()
    head = (
        f"POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    while time.monotonic() < end:
        writer.write(head.encode() + b"\r\n\r\n" + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(answer.partition("content-length: ")[2].partition("\r\n")[0]))
        answers[answer[9:12]] += 1
    writer.close()


async def main() -> None:
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    answers, end = Counter[str](), time.monotonic() + seconds
    await asyncio.gather(*(attack(port, end, answers, n) for n in range(ATTACKERS)))
    print(json.dumps(dict(sorted(answers.items()))))


if __name__ == "__main__":
    asyncio.run(main())
