"""tools/plots_page.html and Vega from a package -> .dvc/plots.html, the page that `dvc plots show` fills.

Run: `python tools/plots_page.py`, after a change of the HTML or of vl-convert-python; `--check` exits 1 where the page
is stale. The page is in git with Vega inside it, 0.9 MB, because a clone and DVC must be enough: DVC's own page loads
Vega from a network, and a template whose script lies elsewhere cannot be mailed. .dvc/config names the page.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from kws.errors import ArtifactError, KwsError
from kws.files import write_text

PLACE = "<!-- the bundle: tools/plots_page.py puts Vega, Vega-Lite and Vega-Embed here -->"
PLACEHOLDERS = ("{plot_divs}", "{scripts}", "{refresh_tag}")  # what DVC replaces, wherever it stands
NOTICE = """\
/*! Vega {vega}, Vega-Lite {vega_lite}, Vega-Embed {vega_embed} and what they need, from vl-convert-python {package}.
Vega, Vega-Lite, Vega-Embed: Copyright (c) University of Washington Interactive Data Lab and contributors; BSD 3-Clause:
Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met: 1. Redistributions of source code must retain the above copyright notice, this list of
conditions and the following disclaimer. 2. Redistributions in binary form must reproduce the above copyright notice,
this list of conditions and the following disclaimer in the documentation and/or other materials provided with the
distribution. 3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or
promote products derived from this software without specific prior written permission.
THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
D3: Copyright 2010-2023 Mike Bostock; ISC. lodash.debounce, fast-json-patch, json-stringify-pretty-compact: MIT. */
"""


def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one classic script that sets `vegaEmbed`, with their notice before it."""
    import vl_convert

    notice = NOTICE.format(
        vega=vl_convert.get_vega_version(),
        vega_lite=vl_convert.get_vegalite_versions()[-1],
        vega_embed=vl_convert.get_vega_embed_version(),
        package=version("vl-convert-python"),
    )
    # In braces: the bundle's own names stay its own.
    return notice + "{\n" + vl_convert.javascript_bundle() + "\n}"


def page(source: str, script: str) -> str:
    """The page's text with the script in its place.

    Raises:
        ArtifactError: the source has no place for the script or for the plots, or DVC or a browser would misread it.
    """
    if source.count(PLACE) != 1 or source.count(PLACEHOLDERS[0]) != 1:
        raise ArtifactError(f"tools/plots_page.html holds not one `{PLACE}` and one `{PLACEHOLDERS[0]}`: restore them.")
    misread = [text for text in (*PLACEHOLDERS, "<!--", "</script") if text in script]
    if misread:
        raise ArtifactError(
            f"vl-convert-python's bundle holds {misread[0]!r}, which would break the page: try another version."
        )
    return source.replace(PLACE, script)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write .dvc/plots.html, or with --check only compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where .dvc/plots.html is stale")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository")
    options = parser.parse_args(arguments)
    written = options.root / ".dvc" / "plots.html"
    try:
        text = page((options.root / "tools" / "plots_page.html").read_text(), bundle())
    except KwsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    stale = not written.is_file() or written.read_text() != text
    if options.check and stale:
        print(".dvc/plots.html is stale: `python tools/plots_page.py` writes it.", file=sys.stderr)
        return 1
    if stale:
        write_text(written, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
