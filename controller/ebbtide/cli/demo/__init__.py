"""`ebbtide demo`: a promotion, from war to peace, without a cluster."""
