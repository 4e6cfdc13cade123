"""What is told of a tick: the account, the status, conditions, events, the next steps."""
