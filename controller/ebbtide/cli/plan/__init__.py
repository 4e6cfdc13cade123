"""`ebbtide plan`: what policies would do over a demand, and whether a namespace is ready for it."""
