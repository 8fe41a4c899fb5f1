"""How well alarms agree with labels: the measures of failure attribution and of online auditing."""
