# SPDX-License-Identifier: BSD-3-Clause
"""Pins by gpiozero, on its mock factory; and what is said when a pin cannot be had."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board import gpio_lgpio, gpio_line
from wpsagent_board.errors import BoardError
from wpsagent_board.factory import ButtonSpec, IndicatorSpec, open_button, open_indicator
from wpsagent_board.gpio import GpioButton, GpioIndicator, Pull
from wpsagent_board.gpio_line import pin_name
from wpsagent_board.pattern import DEFAULT_PATTERNS


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = gpiozero.Device.pin_factory = MockFactory()
    yield factory
    gpiozero.Device.pin_factory = None
    factory.reset()


@pytest.fixture
def no_factories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpio_line, "_factories", gpio_line._Factories())


@pytest.mark.parametrize(
    ("active_low", "pull", "mock_pull", "is_high_when_pressed"),
    [
        (True, "up", "up", False),
        (False, "up", "up", True),
        (True, "down", "down", False),
        (False, "down", "down", True),
        (True, "none", "floating", False),
        (False, "none", "floating", True),
    ],
)
def test_every_polarity_with_every_pull(
    pins: MockFactory, active_low: bool, pull: Pull, mock_pull: str, is_high_when_pressed: bool
) -> None:
    clock = ManualLoop()
    button = open_button(ButtonSpec("gpiozero", 17, active_low, pull), clock.loop)
    pin: MockPin = pins.pin(17)
    assert pin.pull == mock_pull
    (pin.drive_low if is_high_when_pressed else pin.drive_high)()
    edges: list[tuple[float, bool]] = []
    button.start(lambda now, is_pressed: edges.append((now, is_pressed)))
    (pin.drive_high if is_high_when_pressed else pin.drive_low)()
    assert not edges  # only posted: the loop's thread tells it
    clock.now += 0.5
    clock.run_soon()
    assert edges == [(100.0, True)]
    assert button.is_pressed
    (pin.drive_low if is_high_when_pressed else pin.drive_high)()
    clock.run_soon()
    assert edges[1:] == [(100.5, False)]
    assert (button.is_pressed,) == (False,)
    button.close()


def test_every_edge_of_a_bounce_is_told(pins: MockFactory) -> None:
    clock = ManualLoop()
    button = GpioButton(clock.loop, "17")
    edges: list[bool] = []
    button.start(lambda now, is_pressed: edges.append(is_pressed))
    for _ in range(10):
        pins.pin(17).drive_low()
        pins.pin(17).drive_high()
    clock.run_soon()
    assert edges == [True, False] * 10
    button.close()


def test_closed_button_tells_nothing_and_keeps_its_last_level(pins: MockFactory) -> None:
    clock = ManualLoop()
    button = GpioButton(clock.loop, 17)
    edges: list[bool] = []
    button.start(lambda now, is_pressed: edges.append(is_pressed))
    pins.pin(17).drive_low()
    button.close()
    button.close()
    clock.run_soon()
    assert edges == []
    assert button.is_pressed
    with pytest.raises(BoardError, match=r"^the button is closed$"):
        button.start(lambda now, is_pressed: None)
    GpioButton(clock.loop, 17).close()  # the pin is free


def test_edge_after_the_loop_is_closed_does_not_fail_in_the_library_s_thread(pins: MockFactory) -> None:
    clock = ManualLoop()
    button = GpioButton(clock.loop, 17)
    button.start(lambda now, is_pressed: None)
    clock.is_closed = True
    pins.pin(17).drive_low()
    button.close()


def test_late_edge_of_a_closed_line_goes_nowhere() -> None:
    gpio_line._ignore(1.0, 0.0)


@pytest.mark.parametrize(("active_high", "lit"), [(True, True), (False, False)])
def test_led_blinks_by_the_loop(pins: MockFactory, active_high: bool, lit: bool) -> None:
    clock = ManualLoop()
    indicator = open_indicator(IndicatorSpec("gpiozero", 27, active_high), clock.loop)
    pin: MockPin = pins.pin(27)
    assert (pin.function, pin.state) == ("output", not lit)
    indicator.show(DEFAULT_PATTERNS["in_progress"])
    assert pin.state == lit
    clock.advance(0.25)
    assert pin.state != lit
    clock.advance(0.1)
    assert pin.state == lit
    indicator.close()
    indicator.close()
    assert pin.function == "input"
    assert clock.timers == []
    with pytest.raises(BoardError, match=r"^the LED at GPIO 27 is closed$"):
        indicator.show(DEFAULT_PATTERNS["error"])


def test_pin_used_twice_is_refused(pins: MockFactory) -> None:
    clock = ManualLoop()
    button = GpioButton(clock.loop, 17)
    with pytest.raises(BoardError, match=r"^GPIO 17 is used twice: another button or LED of this program has it$"):
        GpioIndicator(clock.loop, 17)
    button.close()


@pytest.mark.parametrize(("pin", "name"), [(99, "GPIO 99"), ("99", "GPIO 99"), ("J8:1", "J8:1"), ("X", "X")])
def test_pin_that_is_none_is_refused(pins: MockFactory, pin: int | str, name: str) -> None:
    with pytest.raises(BoardError) as caught:
        GpioButton(ManualLoop().loop, pin)
    assert str(caught.value).startswith(f"{name}: this board has no such pin: ")


def test_fixed_pull_is_explained(pins: MockFactory) -> None:
    with pytest.raises(BoardError, match=r'^GPIO 2: GPIO2 has a .*: set pull = "up" for it, or take another pin$'):
        GpioButton(ManualLoop().loop, 2, pull="down")


def test_names_of_pins() -> None:
    assert [pin_name(pin) for pin in (17, "17", "GPIO17", "J8:11")] == ["GPIO 17", "GPIO 17", "GPIO17", "J8:11"]


class LgpioError(Exception):
    """lgpio's error, whose text is the repr of a value."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return repr(self.value)


class FailingDevice:
    """A device whose line has gone wrong, and its pin."""

    when_changed = None

    def __init__(self, *values: object, **options: object) -> None:
        pass

    @property
    def pin(self) -> "FailingDevice":
        return self

    def fail(self) -> None:
        raise LgpioError("unknown handle")

    state = property(fail)
    on = off = close = fail


def test_failures_of_an_open_line_are_board_errors(
    monkeypatch: pytest.MonkeyPatch, pins: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    lgpio = ModuleType("lgpio")
    monkeypatch.setattr(lgpio, "error", LgpioError, raising=False)
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)
    monkeypatch.setattr(gpiozero, "InputDevice", FailingDevice)
    monkeypatch.setattr(gpiozero, "OutputDevice", FailingDevice)
    button = GpioButton(ManualLoop().loop, 17)
    indicator = GpioIndicator(ManualLoop().loop, 27)
    for failing in (
        lambda: button.is_pressed,
        lambda: indicator.show(DEFAULT_PATTERNS["success"]),
        lambda: indicator.show(DEFAULT_PATTERNS["idle"]),
    ):
        with pytest.raises(BoardError, match=r"^GPIO (17|27) cannot be used: unknown handle$"):
            failing()
    with caplog.at_level(logging.WARNING):
        button.close()
        indicator.close()
    assert caplog.messages == [f"not given back: GPIO {pin} cannot be used: unknown handle" for pin in (17, 27)]


def named_error(name: str, text: str) -> Exception:
    kind: type[Exception] = type(name, (Exception,), {})
    return kind(text)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ModuleNotFoundError("No module named 'gpiozero'", name="gpiozero"),
            "GPIO 17: gpiozero is not installed: install it (apt install python3-gpiozero), or let the kernel own the "
            "pin (backend evdev, uevent or led_class)",
        ),
        (
            named_error("PinUnknownPi", "unable to locate Pi revision"),
            "GPIO 17: gpiozero knows Raspberry Pi boards only and this is none: use backend evdev, uevent or led_class",
        ),
        (
            LgpioError("GPIO busy"),
            "GPIO 17 is busy: the kernel or another program holds the line (`gpioinfo` tells which): stop that, "
            "or take another pin",
        ),
        (named_error("PinPWMError", ""), "GPIO 17 cannot be used: PinPWMError"),
    ],
)
def test_failures_to_open_say_what_to_do(error: Exception, text: str) -> None:
    assert str(gpio_line._explained(error, 17, None)) == text


def test_gpiochip_that_cannot_be_opened_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = LgpioError("can not open gpiochip")

    def explained(chip: int | None) -> str:
        return str(gpio_line._explained(error, 17, chip, tmp_path))

    assert explained(None) == (
        "GPIO 17: no /dev/gpiochip…: the kernel has no GPIO driver for this board, or it is hidden from this service"
    )
    (tmp_path / "gpiochip0").touch()
    assert explained(4) == f"GPIO 17: no {tmp_path}/gpiochip4; there are: {tmp_path}/gpiochip0"
    assert explained(0) == f"GPIO 17: {tmp_path}/gpiochip0 cannot be opened"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert explained(None) == (
        f"GPIO 17: no permission for {tmp_path}/gpiochip0: add the user to group gpio "
        "(SupplementaryGroups=gpio for a service)"
    )


class FakeLgpio:
    """gpiozero.pins.lgpio with pins that are not there."""

    def __init__(self) -> None:
        self.made: list[int | None] = []
        self.closed = 0

    def factory(self, chip: int | None = None) -> object:
        self.made.append(chip)
        factory = MockFactory()
        factory.close = self._close
        return factory

    def _close(self) -> None:
        self.closed += 1


@pytest.fixture
def fake_lgpio(monkeypatch: pytest.MonkeyPatch, no_factories: None) -> FakeLgpio:
    fake = FakeLgpio()
    module = ModuleType("gpiozero.pins.lgpio")
    vars(module).update(LGPIOFactory=fake.factory, error=LgpioError)
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", module)
    monkeypatch.setitem(sys.modules, "lgpio", module)
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio")
    return fake


def test_lgpio_is_opened_once_a_chip_and_closed_with_its_last_line(fake_lgpio: FakeLgpio) -> None:
    loop = ManualLoop().loop
    button, indicator, other = GpioButton(loop, 17), GpioIndicator(loop, 27), GpioIndicator(loop, 22, chip=4)
    assert fake_lgpio.made == [None, 4]
    assert gpiozero.Device.pin_factory is None
    button.close()
    assert fake_lgpio.closed == 0
    indicator.close()
    assert fake_lgpio.closed == 1
    other.close()
    assert fake_lgpio.closed == 2
    GpioButton(loop, 17).close()
    assert (fake_lgpio.made, fake_lgpio.closed) == ([None, 4, None], 3)


def test_constants_have_both_names_that_gpiozero_has_known(fake_lgpio: FakeLgpio) -> None:
    lgpio = sys.modules["lgpio"]
    vars(lgpio).update(SET_PULL_NONE=128, SET_PULL_UP=32, SET_BIAS_PULL_UP=33)
    GpioButton(ManualLoop().loop, 17).close()
    constants = {name: value for name, value in vars(lgpio).items() if name.startswith("SET_")}
    assert constants == {"SET_PULL_NONE": 128, "SET_BIAS_DISABLE": 128, "SET_PULL_UP": 32, "SET_BIAS_PULL_UP": 33}


def test_factory_is_closed_when_its_only_line_cannot_be_opened(fake_lgpio: FakeLgpio) -> None:
    with pytest.raises(BoardError):
        GpioButton(ManualLoop().loop, "X")
    assert (fake_lgpio.made, fake_lgpio.closed) == ([None], 1)


def test_another_library_named_in_the_environment_is_gpiozero_s_choice(
    fake_lgpio: FakeLgpio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    GpioButton(ManualLoop().loop, 17).close()
    assert fake_lgpio.made == []


@pytest.mark.parametrize("is_set", [False, True])
def test_import_of_lgpio_has_a_folder_of_its_own_and_the_current_one_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_set: bool
) -> None:
    named = tmp_path / "named"
    named.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "lgpio", raising=False)
    monkeypatch.delenv("LG_WD", raising=False)
    if is_set:
        monkeypatch.setenv("LG_WD", str(named))
    with gpio_lgpio._lgpio_working_folder():
        folder = Path(os.environ["LG_WD"])
        os.chdir(folder)  # as lgpio does
        Path(".lgd-nfy0").touch()
    assert Path.cwd() == tmp_path
    assert (folder == named, folder.exists(), "LG_WD" in os.environ) == (is_set, is_set, is_set)


def test_lgpio_that_is_imported_already_needs_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lgpio", ModuleType("lgpio"))
    monkeypatch.delenv("LG_WD", raising=False)
    with gpio_lgpio._lgpio_working_folder():
        assert "LG_WD" not in os.environ


def test_importing_the_package_imports_neither_gpiozero_nor_lgpio() -> None:
    program = "import sys, wpsagent_board.factory; print(sorted({'gpiozero', 'lgpio'} & set(sys.modules)))"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_gpio_needs_a_pin() -> None:
    loop = ManualLoop().loop
    with pytest.raises(BoardError, match=r"^button: backend gpiozero needs a pin, for example pin = 17$"):
        open_button(ButtonSpec("gpiozero"), loop)
    with pytest.raises(BoardError, match=r"^LED: backend gpiozero needs a pin, for example pin = 17$"):
        open_indicator(IndicatorSpec("gpiozero"), loop)
