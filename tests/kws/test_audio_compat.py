"""kws.audio_compat: torchaudio's facts about Speech Commands, whatever build of torch there is."""

import subprocess
import sys


def test_the_address_and_the_checksum_are_there_in_a_fresh_process():
    program = (
        "from kws.audio_compat import torchaudio\n"
        "found = {url: sum for url, sum in torchaudio().datasets.speechcommands._CHECKSUMS.items() if 'v0.02' in url}\n"
        "assert torchaudio() is torchaudio()\n"
        "print(*found, *found.values())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    url, checksum = done.stdout.split()
    assert url.endswith("speech_commands_v0.02.tar.gz")
    assert len(bytes.fromhex(checksum)) == 32
