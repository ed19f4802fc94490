"""Microphones without a microphone: a stand-in for sounddevice, and the firmware's host port with a file for one."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from kws import recording_devices
from kws.errors import BoardError, DataError
from kws.params import Flash
from kws.recording_devices import BoardMicrophone, ComputerMicrophone, board_microphone


class PortAudioError(Exception):
    """sounddevice's own."""


def fake(monkeypatch, rates_hz=(16000, 44100), own_hz=44100, found=True, fails=False) -> SimpleNamespace:
    """Put a module in sounddevice's place: a tone of 1 kHz at half of full scale."""
    asked = []

    def query_devices(device, kind):
        assert kind == "input"
        if not found:
            raise ValueError(f"No input device matching {device!r}")
        return {"name": "a microphone", "default_samplerate": float(own_hz)}

    def check_input_settings(device, channels, dtype, samplerate):
        if samplerate not in rates_hz:
            raise PortAudioError("Invalid sample rate")

    def rec(frames, samplerate, channels, dtype, device):
        if fails:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        asked.append((frames, samplerate, device))
        return (0.5 * np.sin(2 * np.pi * 1000 * np.arange(frames) / samplerate)).astype(np.float32)[:, None]

    module = SimpleNamespace(
        query_devices=query_devices,
        check_input_settings=check_input_settings,
        rec=rec,
        wait=lambda: None,
        PortAudioError=PortAudioError,
        asked=asked,
    )
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


@pytest.mark.parametrize(("rates_hz", "own_hz"), [((16000,), 48000), ((44100,), 44100), ((48000,), 48000)])
def test_a_take_is_16_khz_whatever_the_device_offers(monkeypatch, rates_hz, own_hz):
    module = fake(monkeypatch, rates_hz, own_hz)
    samples = ComputerMicrophone("3").take(1.5)
    assert module.asked == [(round(1.5 * rates_hz[0]), rates_hz[0], 3)]
    assert samples.shape == (24000,) and samples.dtype == np.int16
    wanted = 16384 * np.sin(2 * np.pi * 1000 * np.arange(24000) / 16000)
    np.testing.assert_allclose(samples[500:-500], wanted[500:-500], atol=40)


def test_a_missing_package_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DataError, match=r"not installed: `python -m pip install sounddevice`.*--input"):
        ComputerMicrophone()


def test_a_missing_portaudio_is_said(monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match=r"PortAudio library not found.*libportaudio2.*--input"):
        ComputerMicrophone()


def test_a_missing_device_is_said(monkeypatch):
    fake(monkeypatch, found=False)
    with pytest.raises(DataError, match=r"no microphone .*python -m sounddevice.*--input"):
        ComputerMicrophone()
    with pytest.raises(DataError, match="no input --device 'webcam'"):
        ComputerMicrophone("webcam")


def test_a_device_that_fails_is_said(monkeypatch):
    fake(monkeypatch, fails=True)
    with pytest.raises(DataError, match=r"the microphone fails \(Device unavailable"):
        ComputerMicrophone().take(2)


def test_the_board_gives_a_second_and_no_other_length():
    second = np.arange(16000).astype(np.int16)
    microphone = BoardMicrophone(SimpleNamespace(record=lambda: second))
    np.testing.assert_array_equal(microphone.take(1.0), second)
    with pytest.raises(DataError, match="one second at a time, not 60"):
        microphone.take(60)


def test_a_port_replaces_the_board_of_the_parameters():
    flash = Flash(board="emulator", port=None, baud=115200, timeout_s=1.0)
    with pytest.raises(BoardError, match="nowhere"), board_microphone(flash, "/dev/nowhere"):
        pass


def test_the_module_loads_without_sounddevice():
    assert "sounddevice" not in vars(recording_devices)
