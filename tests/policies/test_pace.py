"""The promise of the descent, over every window, whatever happens."""

import math

from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ebbtide_policies.contract import Kind
from ebbtide_policies.descent import DescentSettings
from ebbtide_policies.hold import Hold, HoldSettings
from ebbtide_policies.limits import LimitSettings
from ebbtide_policies.need import ForecastNeed, ForecastNeedSettings, Stabilization
from ebbtide_policies.observation import Mode, Override
from ebbtide_policies.rate import Rate, RateSettings
from tests.policies.builders import INF, NAN, settings
from tests.policies.strangers import Stranger
from tests.policies.world import WIDE, World

LEVELS = st.sampled_from([0.0, 1.0, 20.0, 60.0, 90.0, 300.0, 5000.0, NAN, INF])
SHARES = st.sampled_from(["1%", "5%", "10%", "50%", "100%"])
SOAKS = st.sampled_from(["1s", "15s", "1m", "5m"])
NUMBERS = st.one_of(st.floats(), st.integers(), st.booleans())
JUNK = st.one_of(st.none(), NUMBERS, st.text(max_size=3), st.lists(NUMBERS, max_size=2))


class Staircase(World, RuleBasedStateMachine):
    """One workload through anything that can happen to it, tick by tick.

    What is promised of our own steps. They count from when they are recorded, acted on or not;
    what goes, goes by those that are:

    1. No step is larger than `maxStep`, as set when it is taken, of the fleet at the start of the
       descent: the highest current since our own last rise or, where another hand has left the
       fleet elsewhere than we did, where it left it; one replica where that is less.
    2. Between a step and the one before lies at least the soak that is set when it is taken. So in
       any half-open window that is no longer than the smallest soak in force at the steps in it,
       there is one step, and no more than `maxStep` goes.
    3. While the memory is sound, the first step after an edit obeys the stricter of the settings
       that it is taken by and of those that the step before was taken by, in size and in soak.

    It holds for any demand, forecast and readiness, any edit of any policy, any bound of a third
    party's but a rollback, memory that is lost, invalid or from the future, a change of mode, a
    crash between intent and act, restarts, overrides, and other hands that change replicas (which
    are no steps of ours). Memory that is forged but could be true is beyond it.
    """

    @initialize(current=st.sampled_from([1, 7, 100, 1000]), level=LEVELS)
    def first_sight(self, current: int, level: float) -> None:
        self.begin(current, level)

    # --- what happens to the world --------------------------------------------------------------

    @rule(level=LEVELS)
    def demand_moves(self, level: float) -> None:
        self.minutes[-1] = level

    @rule(level=LEVELS, trusted=st.booleans())
    def a_forecast_comes(self, level: float, trusted: bool) -> None:
        self.forecast = (level, trusted)

    @rule(missing=st.integers(0, 3), rollout=st.booleans())
    def pods_come_and_go(self, missing: int, rollout: bool) -> None:
        self.ready, self.rollout = max(0, self.current - missing), rollout

    @rule(replicas=st.integers(0, 2000))
    def another_hand_scales(self, replicas: int) -> None:
        self.current = self.ready = replicas

    # --- what people do -------------------------------------------------------------------------

    @rule(share=SHARES, soak=SOAKS, quantile=st.sampled_from([0.5, 0.9, 0.999]))
    def the_descent_is_edited(self, share: str, soak: str, quantile: float) -> None:
        self.written["descent"] = settings(
            DescentSettings, maxStep=share, soak=soak, quantile=quantile
        )

    @rule()
    def the_descent_is_deleted_from_the_yaml(self) -> None:
        self.written.pop("descent", None)

    @rule(least=st.integers(1, 1000), more=st.integers(0, 1000))
    def the_limits_are_edited(self, least: int, more: int) -> None:
        self.written["replicas"] = LimitSettings(min=least, max=least + more)

    @rule(drop=SHARES, stale=SOAKS, quantile=st.sampled_from([0.5, 0.99]), share=SHARES)
    def other_policies_are_edited(self, drop: str, stale: str, quantile: float, share: str) -> None:
        self.written[Hold.name] = settings(HoldSettings, believableDrop=drop, staleAfter=stale)
        self.written[ForecastNeed.name] = ForecastNeedSettings(quantile=quantile)
        self.written[Rate.name] = settings(RateSettings, share=share, period=stale)
        self.written[Stabilization.name] = Stabilization.Settings()

    @rule(freeze=st.booleans(), floor=st.sampled_from([NAN, 50.0, 900.0]))
    def a_person_speaks(self, freeze: bool, floor: float) -> None:
        word = Override("one", "CDN migration", self.now + 1e6, freeze=freeze, floor=floor)
        self.overrides = (word, word._replace(name="two", floor=NAN, ceiling=40.0))

    @rule(mode=st.sampled_from(list(Mode)))
    def the_mode_changes(self, mode: Mode) -> None:
        self.mode = mode
        self.the_status_is_wiped()

    @rule(
        kind=st.sampled_from([kind for kind in Kind if kind is not Kind.ROLLBACK]),
        replicas=st.sampled_from([-5.0, 0.0, 0.4, 70.5, 1e300, NAN, INF, -INF]),
        fails=st.booleans(),
    )
    def a_plugin_speaks(self, kind: Kind, replicas: float, fails: bool) -> None:
        self.stranger = Stranger(None if fails else (kind, replicas))

    # --- what happens to the controller ---------------------------------------------------------

    @rule()
    def the_status_is_wiped(self) -> None:
        self.stored, self.sound = {}, False

    @rule(junk=st.dictionaries(st.sampled_from(["at", "soak", "origin"]), JUNK, max_size=3))
    def the_memory_is_corrupted(self, junk: dict[str, object]) -> None:
        self.stored, self.sound = {"descent": junk, "rate": junk}, False

    @precondition(lambda self: "descent" in self.stored and "at" in self.stored["descent"])
    @rule(ahead=st.integers(1, 10**6))
    def the_memory_is_from_the_future(self, ahead: int) -> None:
        memory = dict(self.stored["descent"]) | {"at": self.now + ahead}
        self.stored, self.sound = dict(self.stored) | {"descent": memory}, False

    @rule(seconds=st.integers(5, 90), crash=st.sampled_from([False, False, False, True]))
    def a_tick(self, seconds: int, crash: bool) -> None:
        self.time_passes(seconds)
        self.tick(crash)

    @rule(level=st.sampled_from([30.0, 70.0, 400.0]), ticks=st.integers(1, 3))
    def the_tide_comes_in(self, level: float, ticks: int) -> None:
        self.minutes, self.forecast = [level] * 30, None
        for _ in range(ticks):
            self.time_passes(20)
            self.tick()

    @rule(ticks=st.integers(1, 15), seconds=st.sampled_from([5, 14, 20, 60]), crash=st.booleans())
    def the_tide_goes_out(self, ticks: int, seconds: int, crash: bool) -> None:
        """Nothing asks for more than one replica any longer: the hardest time for the promise."""
        self.minutes, self.forecast = [1.0] * 30, (1.0, True)
        self.ready, self.rollout = self.current, False
        self.overrides, self.mode, self.stranger = (), Mode.ENFORCE, None
        kept = {name: chosen for name, chosen in self.written.items() if name == "descent"}
        self.written = kept | {"replicas": WIDE}
        self.tick(crash)
        for _ in range(ticks):
            self.time_passes(seconds)
            self.tick()

    # --- the promise ----------------------------------------------------------------------------

    @invariant()
    def no_window_of_a_soak_loses_more_than_one_step(self) -> None:
        """Every window that ends with the last step: the others were looked at in their time."""
        for first in reversed(range(len(self.steps))):
            inside = self.steps[first:]
            if inside[-1].at - inside[0].at >= min(s.soak for s in inside):
                break
            assert sum(s.down for s in inside) <= min(s.allowed for s in inside)


StaircaseTest = Staircase.TestCase
StaircaseTest.settings = profile(max_examples=150, stateful_step_count=40)


def test_the_machine_of_this_test_does_go_down() -> None:
    machine = Staircase()
    machine.first_sight(current=100, level=90.0)
    machine.the_tide_goes_out(ticks=60, seconds=15, crash=False)
    machine.no_window_of_a_soak_loses_more_than_one_step()
    assert [step.down for step in machine.steps[:10]] == [5] * 10
    assert math.isclose(machine.steps[1].at - machine.steps[0].at, 60)
