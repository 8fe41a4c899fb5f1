"""The skeleton of workflows, looked at before any rule: steps that never run, guards with gaps, loops without an end, messages
that never come. One file per question; all answers are diagnostics."""
