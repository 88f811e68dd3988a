"""A vendor as fast as Python allows: canned replies after a delay, so that the client is what is measured."""

import asyncio
import sys

from driftwatch.testing.wire import Said, completion, event, events

SAID = Said(text="The refund is paid within 14 days.")


def _reply(content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


STREAMED = _reply(
    "text/event-stream", b"".join(events(SAID, {"stream_options": {"include_usage": True}})) + b"data: [DONE]\n\n"
)
WHOLE = _reply("application/json", event(completion(SAID, {})).removeprefix(b"data: ").strip())


class Vendor(asyncio.Protocol):
    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, found, body = self._seen.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._seen = b""
        reply = STREAMED if b'"stream": true' in body or b'"stream":true' in body else WHOLE
        asyncio.get_running_loop().call_later(self._delay_s, self._answer, reply)

    def _answer(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)


async def serve(delay_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Vendor(delay_s), "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    # Ends with the process that started it.
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
