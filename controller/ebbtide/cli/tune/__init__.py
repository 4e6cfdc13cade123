"""`ebbtide tune`: which settings would have served well enough at the least cost."""
