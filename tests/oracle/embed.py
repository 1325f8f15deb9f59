"""The hashed n-gram embedder, and the cosine, as `docs/rules/vectors.md` states them.

In: texts. Out: lists of floats of length 1, or all zeros where the text says nothing. Everything
is computed in double precision; the command rounds to single precision in between.
"""

import math
from collections import Counter
from functools import lru_cache
from operator import mul

DIMENSION = 384
MASK = 2**64 - 1
FNV_BASIS, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
MIX_1, MIX_2 = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53
NGRAM_LENGTHS = (3, 4, 5)


def words_of(text):
    """The runs of letters and digits, each character in lower case by itself."""
    lower = "".join(c.lower() for c in text)
    return "".join(c if c.isalnum() else " " for c in lower).split()


@lru_cache(maxsize=None)
def place_and_sign(feature):
    """Where a word (`w...`) or an n-gram (`n...`) is added, and with which sign."""
    value = FNV_BASIS
    for byte in feature.encode():
        value = ((value ^ byte) * FNV_PRIME) & MASK
    for factor in (MIX_1, MIX_2):
        value = ((value ^ (value >> 33)) * factor) & MASK
    value ^= value >> 33
    return (value * DIMENSION) >> 64, -1.0 if value & 1 else 1.0


def features_of(text):
    """How often each word and each n-gram occurs; a word has a space on both sides."""
    found = Counter()
    for word in words_of(text):
        found["w" + word] += 1
        padded = f" {word} "
        for length in NGRAM_LENGTHS:
            for start in range(len(padded) - length + 1):
                found["n" + padded[start:start + length]] += 1
    return found


def embed(text):
    """The vector of a text."""
    vector = [0.0] * DIMENSION
    for feature, count in features_of(text).items():
        place, sign = place_and_sign(feature)
        vector[place] += sign * math.sqrt(count)
    return unit(vector)


def unit(vector):
    """A vector divided by its length; all zeros where it has no direction."""
    length = math.sqrt(dot(vector, vector))
    return [x / length for x in vector] if length > 0.0 else [0.0] * len(vector)


def dot(a, b):
    """The dot product of two vectors of the same length."""
    return sum(map(mul, a, b))


def cosine(a, b):
    """The cosine of two vectors of length 1, or nothing where one has no direction."""
    return max(-1.0, min(1.0, dot(a, b))) if any(a) and any(b) else None
