"""kws.audio: what is read from a WAV file, and which files are refused and why."""

import struct

import numpy as np
import pytest
import scipy.io.wavfile
import soundfile

from kws.audio import fit, loudest_second, problem_of, read_audio, read_clip, write_wav
from kws.errors import DataError


def tone(samples: int, rate_hz: int = 16000, frequency_hz: float = 440.0) -> np.ndarray:
    """(samples,) int16 at half of full scale."""
    return np.rint(16384 * np.sin(2 * np.pi * frequency_hz * np.arange(samples) / rate_hz)).astype(np.int16)


def test_what_is_written_is_read_again_bit_for_bit(tmp_path):
    samples = np.random.default_rng(0).integers(-32768, 32768, 16000).astype(np.int16)
    write_wav(tmp_path / "a.wav", samples)
    assert (tmp_path / "a.wav").stat().st_size == 44 + 32000
    assert problem_of(tmp_path / "a.wav") is None
    np.testing.assert_array_equal(read_clip(tmp_path / "a.wav"), samples)


def test_a_short_clip_is_padded_and_of_a_long_one_the_loudest_second_taken(tmp_path):
    write_wav(tmp_path / "short.wav", tone(9000))
    write_wav(
        tmp_path / "long.wav", np.concatenate([np.zeros(32000, np.int16), tone(16000), np.zeros(32000, np.int16)])
    )
    short, long = read_clip(tmp_path / "short.wav"), read_clip(tmp_path / "long.wav")
    assert short.shape == long.shape == (16000,) and short.dtype == long.dtype == np.int16
    np.testing.assert_array_equal(short[:9000], tone(9000))
    assert not short[9000:].any()
    np.testing.assert_array_equal(long, tone(16000))


def test_44100_hz_stereo_becomes_16000_hz_mono(tmp_path):
    left = tone(44100, 44100)
    scipy.io.wavfile.write(tmp_path / "stereo.wav", 44100, np.stack([left, np.zeros_like(left)], axis=1))
    assert problem_of(tmp_path / "stereo.wav") is None
    samples = read_audio(tmp_path / "stereo.wav")
    assert len(samples) == 16000
    inner = slice(200, -200)  # the filter rings at the ends
    np.testing.assert_allclose(samples[inner], tone(16000)[inner] / 2, atol=8)  # the mean of sound and silence


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "ULAW"])
def test_other_widths_are_read_at_the_same_loudness(tmp_path, subtype):
    soundfile.write(tmp_path / "a.wav", tone(16000) / 32768, 16000, subtype=subtype)
    assert problem_of(tmp_path / "a.wav") is None
    coarse = {"PCM_U8": 260, "ULAW": 700}.get(subtype, 1)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), tone(16000), atol=coarse)


def broken(kind: str, whole: bytes) -> bytes:
    return {
        "truncated": whole[:-500],
        "empty": b"",
        "a text": b"these are words, not samples\n" * 40,
        "no samples": whole[:40] + struct.pack("<I", 0),
        "a header alone": whole[:20],
    }[kind]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("truncated", "truncated: 32000 bytes of samples promised, 31500 there"),
        ("empty", "the file is empty"),
        ("a text", "not a WAV file"),
        ("no samples", "no samples"),
        ("a header alone", "ends before its samples"),
    ],
)
def test_a_file_that_is_no_audio_is_refused_with_the_reason(tmp_path, kind, reason):
    write_wav(tmp_path / "a.wav", tone(16000))
    (tmp_path / "a.wav").write_bytes(broken(kind, (tmp_path / "a.wav").read_bytes()))
    assert reason in problem_of(tmp_path / "a.wav")


def test_a_wav_whose_writer_did_not_know_its_length_is_read(tmp_path):
    write_wav(tmp_path / "a.wav", tone(16000))
    whole = bytearray((tmp_path / "a.wav").read_bytes())
    whole[40:44] = whole[4:8] = b"\xff" * 4
    (tmp_path / "a.wav").write_bytes(whole)
    assert problem_of(tmp_path / "a.wav") is None
    np.testing.assert_array_equal(read_clip(tmp_path / "a.wav"), tone(16000))


def test_samples_that_are_not_numbers_are_refused(tmp_path):
    samples = np.zeros(16000, np.float32)
    samples[5] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    assert "not numbers" in problem_of(tmp_path / "a.wav")


def test_reading_what_cannot_be_read_names_the_file(tmp_path):
    (tmp_path / "a.wav").write_text("no audio")
    with pytest.raises(DataError, match=r"a\.wav cannot be read"):
        read_audio(tmp_path / "a.wav")


def test_the_loudest_second_is_kept():
    samples = np.concatenate([tone(16000) // 100, tone(16000), tone(16000) // 100])
    np.testing.assert_array_equal(loudest_second(samples), tone(16000))
    assert len(loudest_second(tone(500))) == 500


def test_fit_keeps_the_type():
    assert fit(np.ones(3, np.int16)).dtype == np.int16
    assert fit(np.ones(20000, np.float32)).shape == (16000,)
