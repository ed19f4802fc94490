"""The report's looks: for a screen, light and dark, and for paper. Fonts are those that systems have."""

STYLE = """
:root { --ground: #fff; --ink: #1c1f22; --faint: #59626b; --line: #d5dadf; --accent: #00588a; --box: #f4f6f8; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ground: #15181c; --ink: #e3e6e9; --faint: #9da7b1; --line: #363d45; --accent: #6cbdec; --box: #1d2126; }
}
* { box-sizing: border-box; }
html { background: var(--ground); }
body { margin: 0 auto; max-width: 50rem; padding: 3rem 1.5rem 5rem; color: var(--ink);
  font: 1.0625rem/1.6 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, "DejaVu Serif", serif;
  font-variant-numeric: lining-nums; hyphens: auto; }
h1, h2, h3, th, caption, figcaption, .facts, nav, footer { hyphens: manual; }
h1, h2, h3, .facts, nav, table, figcaption {
  font-family: system-ui, "Helvetica Neue", "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.01em; margin: 0 0 .5rem; text-wrap: balance; }
h2 { font-size: 1.35rem; line-height: 1.25; margin: 3rem 0 .75rem; padding-top: .75rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: 0 0 .9rem; }
a { color: var(--accent); }
code { font: .86em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.subtitle { color: var(--faint); margin-bottom: 2rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); margin: 2rem 0;
  border: 1px solid var(--line); border-width: 1px 0 0 1px; background: var(--box); }
.facts div { padding: .8rem .9rem; font-size: .85rem; line-height: 1.35; color: var(--faint);
  border: 1px solid var(--line); border-width: 0 1px 1px 0; }
.facts b { display: block; font-size: 1.45rem; line-height: 1.2; color: var(--ink); }
nav ol { columns: 2; padding-left: 1.4rem; margin: 0; font-size: .95rem; }
.table { overflow-x: auto; margin: 1.6rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .84rem; line-height: 1.4;
  font-variant-numeric: tabular-nums; }
caption, figcaption { text-align: left; font-size: .86rem; line-height: 1.45; color: var(--faint); }
caption { padding-bottom: .5rem; font-family: inherit; }
caption b, figcaption b { color: var(--ink); }
thead th { border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); vertical-align: bottom; }
th, td { padding: .28rem .7rem .28rem 0; text-align: left; vertical-align: top; font-weight: normal; }
thead th { font-weight: 600; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.number + .text { padding-left: .8rem; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody:last-child tr:last-child > * { border-bottom: 1.5px solid var(--ink); }
figure { margin: 1.8rem 0; }
figure img { display: block; width: 100%; max-height: 34rem; object-fit: contain;
  background: #fff; border-radius: 3px; }
figcaption { margin-top: .5rem; }
.group { padding-top: .8rem; font-weight: 600; }
.note { background: var(--box); border-left: 3px solid var(--accent); padding: .75rem 1rem; margin: 1.2rem 0; }
.note p:last-child { margin: 0; }
footer { margin-top: 3rem; color: var(--faint); font-size: .85rem; }
@page { size: A4; margin: 20mm 18mm 22mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; line-height: 1.45; }
  h1 { font-size: 20pt; } h2 { font-size: 13pt; margin-top: 18pt; } h3 { font-size: 10.5pt; }
  h2, h3, caption { break-after: avoid; }
  figure, .facts, tr, .note, .whole { break-inside: avoid; }
  .group { break-after: avoid; }
  figure { margin: 12pt 0; } figure img { width: 88%; max-height: 85mm; margin: 0 auto; }
  thead { display: table-header-group; }
  .table { overflow: visible; }
  table { font-size: 8pt; } caption, figcaption { font-size: 8.5pt; }
  th, td { padding: 1.6pt 5pt 1.6pt 0; }
  a { color: inherit; text-decoration: none; }
  p { orphans: 3; widows: 3; }
}
"""
