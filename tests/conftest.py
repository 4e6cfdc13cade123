"""What all tests share."""

from hypothesis import HealthCheck, settings

# One profile everywhere: the same examples on every machine, and none fails for being slow.
settings.register_profile(
    "ebbtide",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search", parent=settings.get_profile("ebbtide"), derandomize=False, max_examples=2000
)
settings.load_profile("ebbtide")
