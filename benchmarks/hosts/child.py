"""The provider of the host benchmark where no C compiler is: the same answers, from the standard library alone.

It reads what is there, answers every line of it, and writes once. Members are cut out by search, not parsed.
"""

import os
import struct
from binascii import b2a_base64
from functools import cache

_HEAD = b'{"jsonrpc":"2.0","id":'
_MODELS = b'{"models":[{"id":"bench:v1"}],"maxConcurrency":64}'
_TOOLS = (
    b'{"tools":[{"name":"transcribe","inputSchema":{"type":"object"}},'
    b'{"name":"synthesize","inputSchema":{"type":"object"}}]}'
)
_SYNTHESIS = (
    b'{"modelId":"bench:v1","voiceId":"default","format":"wav","contentType":"audio/wav","audioBase64":"%b",'
    b'"elapsedMs":1,"metrics":{"synthesisMs":1,"totalMs":1}}'
)
_TRANSCRIPT = b'{"modelId":"bench:v1","text":%b,"elapsedMs":1,"metrics":{"inferenceMs":1,"totalMs":1}}'


def main() -> None:
    """Answer until the input ends."""
    rest = b""
    while data := os.read(0, 1 << 20):
        *lines, rest = (rest + data).split(b"\n")
        answers = b"".join(map(_answer, lines))
        while answers:
            answers = answers[os.write(1, answers) :]


def _answer(line: bytes) -> bytes:
    number = _member(line, b'"id":')
    return _HEAD + number + b',"result":' + _result(line) + b"}\n" if number else b""


def _result(line: bytes) -> bytes:
    method = _member(line, b'"method":')
    if method == b'"transcribe"':
        return _TRANSCRIPT % _member(line, b'"path":')
    if method == b'"synthesize"':
        return _SYNTHESIS % _audio(int(_member(line, b'"input":')[1:-1]))
    if method == b'"tools/call"':
        return b'{"content":[%b],"isError":false}' % _content(line)
    if method == b'"initialize"':
        version = _member(line, b'"protocolVersion":')
        return (
            b'{"protocolVersion":%b,"capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1"}}' % version
        )
    return {b'"models"': _MODELS, b'"tools/list"': _TOOLS}.get(method, b"{}")


def _content(line: bytes) -> bytes:
    if _member(line, b'"name":') == b'"synthesize"':
        return b'{"type":"audio","mimeType":"audio/wav","data":"%b"}' % _audio(int(_member(line, b'"input":')[1:-1]))
    return b'{"type":"text","text":%b}' % _member(line, b'"path":')


def _member(line: bytes, key: bytes) -> bytes:
    """The value after `key`, quotes of a string included; empty when there is none."""
    start = line.find(key) + len(key)
    if start < len(key):
        return b""
    if line[start : start + 1] == b" ":
        start += 1
    if line[start : start + 1] == b'"':
        return line[start : line.index(b'"', start + 1) + 1]
    return line[start:].partition(b",")[0].partition(b"}")[0]


@cache
def _audio(size: int) -> bytes:
    size = max(46, size)
    header = b"RIFF%bWAVEfmt %bdata%b" % (
        struct.pack("<I", size - 8),
        struct.pack("<IHHIIHH", 16, 1, 1, 24000, 48000, 2, 16),
        struct.pack("<I", size - 44),
    )
    return b2a_base64(header + os.urandom(size - 44), newline=False)


if __name__ == "__main__":
    main()
