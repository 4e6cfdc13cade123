"""`ebbtide run`: the operator."""
