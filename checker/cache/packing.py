"""Lists of byte strings as one byte string, and keyed digests over them."""

from __future__ import annotations

try:  # `hashlib` loads OpenSSL first, which takes longer than all the rest
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

SIZE = 32
_WIDTH = 8


def pack(parts: list[bytes]) -> bytes:
    """The parts behind their lengths, so that no two lists look the same."""
    return b"".join(b"%08x" % len(part) + part for part in parts)


def unpack(data: bytes) -> list[bytes]:
    """What was packed; raises ValueError for anything else."""
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + _WIDTH + int(data[at : at + _WIDTH], 16)
        if end > len(data) or end < at + _WIDTH:
            raise ValueError("a part is cut off")
        parts.append(data[at + _WIDTH : end])
        at = end
    return parts


def digest(data: bytes, key: bytes = b"") -> bytes:
    """BLAKE2b, 32 bytes; with a key it is a message authentication code."""
    return blake2b(data, digest_size=SIZE, key=key).digest()


def text(word: str) -> bytes:
    """A text or a path as bytes, whatever it holds."""
    return word.encode("utf-8", "surrogatepass")
