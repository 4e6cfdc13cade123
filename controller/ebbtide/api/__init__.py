"""The resources that SREs write: one source for their CRDs, their validation and their docs."""
