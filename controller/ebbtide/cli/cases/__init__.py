"""`ebbtide test`: the tests that SREs write for their policies."""
