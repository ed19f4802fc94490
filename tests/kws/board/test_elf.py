"""What an image takes of the chip, and images that are too large for it or are none."""

import pytest

from kws.board import elf
from kws.board.build import build_image
from kws.errors import BuildError


def test_limits_of_the_chip():
    elf.check_fits(elf.Sizes(960 * 1024, 256 * 1024))
    with pytest.raises(BuildError, match=r"983,041 bytes of flash \(the nRF52840 has 983,040 above the bootloader\)\."):
        elf.check_fits(elf.Sizes(960 * 1024 + 1, 5))
    with pytest.raises(BuildError, match=r"needs 262,145 bytes of RAM \(the nRF52840 has 262,144\)"):
        elf.check_fits(elf.Sizes(1, 256 * 1024 + 1))


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"no ELF file at all"])
def test_not_an_elf_file(content):
    with pytest.raises(BuildError, match="no ELF file"):
        elf.flash_image(content)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            "static volatile uint8_t waste[300000]; static void waste_it(void) { waste[1] = 1; }",
            r"3\d\d,\d{3} bytes of RAM",
        ),
        (
            "static const volatile uint8_t waste[1000000] = {1}; static void waste_it(void) { (void)waste[1]; }",
            r"1,0\d\d,\d{3} bytes of flash",
        ),
    ],
)
def test_an_image_that_is_too_large_is_refused_with_figures(generated_dir, front_end, tmp_path, extra, message):
    text = (generated_dir / "models.c").read_text()
    large = tmp_path / "large"
    large.mkdir()
    hooked = text.replace("static void prepare(void) {}", f"{extra} static void prepare(void) {{ waste_it(); }}")
    (large / "models.c").write_text(hooked)
    with pytest.raises(BuildError, match=f"does not fit the board.*{message}"):
        build_image(large, front_end, tmp_path / "build", 115200)
    assert not (tmp_path / "build").exists()
