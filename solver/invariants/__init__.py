"""Finding inductive invariants of transition systems. Nothing that is guessed here is believed before every condition was checked."""
