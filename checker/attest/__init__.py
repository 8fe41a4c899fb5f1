"""Statements of what was checked, in the manner of in-toto, for whoever deploys: made from a report, compared
with what is there now."""
