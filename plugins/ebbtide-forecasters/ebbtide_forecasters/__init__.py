"""Well-known forecasting libraries behind Ebbtide's contract. Each is imported when it is made."""

from ebbtide_forecasters.classical import auto_ets, auto_theta, mstl
from ebbtide_forecasters.trees import LightGBM

__all__ = ["LightGBM", "auto_ets", "auto_theta", "mstl"]
