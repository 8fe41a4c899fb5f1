"""Certificates of PROVED rules: written beside a report, and re-established from the sources without the prover."""
