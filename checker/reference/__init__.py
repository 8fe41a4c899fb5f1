"""The reference: runs and rules by definition, slow and without cleverness, independent of everything that it judges.

`interpreter.run` and `run_sessions` run workflows on an `oracle.Oracle` and label what happens; `rules.breaks` says where events
break a rule; `judge.judge` does both with the labels that the rule needs."""
