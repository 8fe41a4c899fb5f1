"""What one use of a release can tell, in bits, as exact numbers."""

from __future__ import annotations

from fractions import Fraction

from wfcheck.dsl import core, types

DIGITS = 40
"""Binary digits after the point."""


def upper_bits(program: core.Program, release: str | None) -> Fraction | None:
    """log2 of the number of values of the result, exact where it is a whole number, else a little too much (less than 2^-38). None:
    no finite number, or the release is not known."""
    declared = program.releases.get(release or "")
    count = None if declared is None else types.cardinality(declared.result)
    return None if count is None else log2_above(max(count, 1))


def log2_above(count: int) -> Fraction:
    """A multiple of 2^-40 that is not below log2(count), and hardly above; digit by digit, by squaring."""
    whole = count.bit_length() - 1
    if count == 1 << whole:
        return Fraction(whole)
    mantissa = Fraction(count, 1 << whole)
    found, scale = 0, 1 << (2 * DIGITS)
    current = -(-mantissa.numerator * scale // mantissa.denominator)  # rounded up, as all that follows
    for _ in range(DIGITS):
        current = -(-current * current // scale)
        found *= 2
        if current >= 2 * scale:
            found += 1
            current = -(-current // 2)
    return whole + Fraction(found + 1, 1 << DIGITS)
