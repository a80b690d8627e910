"""A bad network: a TCP proxy before a server that delays, swallows and cuts."""

import asyncio
from contextlib import suppress
from threading import Thread


class Proxy:
    """Clients connect to `port`; what they say goes to `server_port`, and back, unless `delay` or `swallow` is set."""

    def __init__(self, server_port):
        self.server_port, self.delay, self.swallow = server_port, 0.0, False
        self.writers, self.pumps = set(), set()

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, name="proxy", daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result()
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error):
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def heal(self):
        """Cuts the connections whose bytes were swallowed, as they cannot go on."""
        swallowed, self.delay, self.swallow = self.swallow, 0.0, False
        if swallowed:
            self.cut()

    def cut(self):
        self.loop.call_soon_threadsafe(self.abort)

    async def listen(self):
        return await asyncio.start_server(self.serve, "127.0.0.1", 0)

    async def close(self):
        self.server.close()
        self.abort()
        await asyncio.gather(*self.pumps, return_exceptions=True)

    def abort(self):
        for writer in self.writers:
            writer.transport.abort()

    async def serve(self, reader, writer):
        self.pumps.add(asyncio.current_task())
        self.writers.add(writer)
        try:
            with suppress(OSError):  # the server is down, or a connection was cut
                answers, questions = await asyncio.open_connection("127.0.0.1", self.server_port)
                self.writers.add(questions)
                await asyncio.gather(self.pump(reader, questions), self.pump(answers, writer))
                self.writers.discard(questions)
        finally:
            writer.close()
            self.writers.discard(writer)
            self.pumps.discard(asyncio.current_task())

    async def pump(self, reader, writer):
        try:
            with suppress(OSError):
                while data := await reader.read(65536):
                    if self.delay:
                        await asyncio.sleep(self.delay)
                    if not self.swallow:
                        writer.write(data)
                        await writer.drain()
        finally:
            writer.close()
            self.writers.discard(writer)
