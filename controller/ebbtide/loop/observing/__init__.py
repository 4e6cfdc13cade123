"""What is seen at a tick: the past of every query, what people say, and who else scales."""
