"""The report: one self-contained HTML file of all results, and a PDF of it."""
