"""Writes the pages of docs/reference."""

from pictures.reference import FOLDER, PAGES

FOLDER.mkdir(exist_ok=True)
for name, make in PAGES.items():
    (FOLDER / name).write_text(make(), encoding="utf-8")
