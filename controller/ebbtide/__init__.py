"""Ebbtide, a capacity autoscaler for Kubernetes that is good at the way down."""
