"""Whether a namespace is ready for a planned peak."""
