"""Hooks of the site: files outside of docs/ to which docs/ links become pages of the site.

So the same links work in the repository and on the site, and the site needs no address of the repository.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = "docs/"
ELSEWHERE = "repository/"
"""Where on the site the rest of the repository is."""

FRONT_PAGE = {"README.md": "docs/index.md"}

LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
LANGUAGES = {".py": "python", ".yml": "yaml", ".toml": "toml"}
NOT_SEARCHED = "---\nsearch:\n  exclude: true\n---\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the root, and a page for each file that a page links to."""
    root = Path(config.config_file_path).parent
    found = {DOCS + file.src_uri for file in files.documentation_pages()}
    found |= {page.name for page in root.glob("*.md")} - FRONT_PAGE.keys()
    unread = sorted(found)
    while unread:
        path = unread.pop()
        if not path.startswith(DOCS):
            files.append(File.generated(config, _on_site(path), content=_content(root, path)))
        if path.endswith(".md"):
            linked = {target for target in _targets(root, path) if target not in found}
            found |= linked
            unread += sorted(linked)
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Rewrite links to the places of their targets on the site."""
    here = page.file.src_uri
    path = here.removeprefix(ELSEWHERE) if here.startswith(ELSEWHERE) else DOCS + here

    def moved(link: re.Match[str]) -> str:
        target = _on_site(_target(path, link[1]))
        if not files.get_file_from_path(target):
            # A folder, which has no page. A file that is missing is left for MkDocs to find.
            return f"]({link[1]})" if posixpath.splitext(link[1])[1] else "]"
        # The front page of the site has sections of its own.
        section = "" if link[1].endswith("README.md") else link[2] or ""
        return f"]({posixpath.relpath(target, posixpath.dirname(here) or '.')}{section})"

    return LINK.sub(moved, markdown)


def on_page_content(html: str, **_: object) -> str:
    """A column without a name has no header, for screen readers."""
    return html.replace("<th></th>", "<td></td>")


def on_post_page(output: str, **_: object) -> str:
    """Name the theme's search for screen readers."""
    return output.replace('="search" role="dialog"', '="search" role="dialog" aria-label="Search"')


def _targets(root: Path, path: str) -> set[str]:
    """The files outside of docs/ to which a page links."""
    links = LINK.findall((root / path).read_text())
    targets = {FRONT_PAGE.get(target, target) for target in (_target(path, link) for link, _ in links)}
    return {target for target in targets if not target.startswith(DOCS) and (root / target).is_file()}


def _target(path: str, link: str) -> str:
    """The target of a link, in the repository."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def _on_site(path: str) -> str:
    """The place of a file of the repository on the site."""
    path = FRONT_PAGE.get(path, path)
    if path.startswith(DOCS):
        return path.removeprefix(DOCS)
    return ELSEWHERE + (path if path.endswith(".md") else f"{path}.md")


def _content(root: Path, path: str) -> str:
    text = (root / path).read_text()
    if path.endswith(".md"):
        return text
    language = LANGUAGES.get(posixpath.splitext(path)[1], "text")
    return f"{NOT_SEARCHED}# {path}\n\n````{language}\n{text}````\n"
