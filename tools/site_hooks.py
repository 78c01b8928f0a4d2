"""MkDocs hooks: pages are written for GitHub, and need no CDN.

Python-Markdown nests lists by four spaces and requires an empty line before a list. GitHub nests by
the width of the marker and requires none. Pages may link to files outside docs/; on the site such a
link is plain text, because the site does not know where the repository is hosted.
"""

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Script:
    """A script of an npm package, which the site includes so that its pages need no CDN.

    Attributes:
        package: Name and version.
        sha512: Of the package.
        path: Of the script in the package.
        needed: What a page contains that needs the script.
        place: Where the script goes: in place of a match of this pattern in the page.
    """

    package: str
    sha512: str
    path: str
    needed: str
    place: str

    @property
    def target(self) -> str:
        """Path of the script in the site."""
        return f"assets/javascripts/{self.package.replace('@', '-')}.js"


SCRIPTS = (
    Script(
        package="mermaid@11.17.2",
        sha512="57a2b70bc101744b0f1595d228c25eea9a50384371b87011afd1af1d7e21878e"
        "e501b84c443f6a7f8a042bb2e869143150b31af34feab798073bbdda0a578106",
        path="package/dist/mermaid.min.js",
        needed='<pre class="mermaid">',
        place='(?=<script src="[^"]*/bundle\\.)',
    ),
    Script(  # for the search, when the site is opened as files
        package="iframe-worker@1.0.4",
        sha512="ae879a688f8b8352c935f8290a3a117bff96cc48f2f7e674f0ba04beef393023"
        "db063c26faa5f3f00839534e651dae95d42cac6721b313448e900b52500e6aed",
        path="package/shim/index.js",
        needed="/iframe-worker/shim",
        place='<script src="[^"]*/iframe-worker/shim"></script>',
    ),
)
CACHE = Path(__file__).parents[1] / ".run" / "docs"
ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)]) +(?=\S)")
LINK_UPWARDS = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#\s]*)(?:#[^)\s]*)?\)")
FENCE = re.compile(r" *(```+|~~~+)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Rewrite a page that was written for GitHub."""
    docs = Path(config["docs_dir"])
    return nest_lists(without_links_to_code(markdown, docs / page.file.src_uri, docs))


def on_post_page(output: str, *, page: Any, config: Any) -> str:
    """Let a page load our copies of the scripts that it needs."""
    for script in SCRIPTS:
        if script.needed in output and (copy := _fetch(script)):
            target = Path(config["site_dir"]) / script.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(copy.read_bytes())
            tag = f'<script src="{"../" * page.url.count("/")}{script.target}"></script>'
            output = re.sub(script.place, tag, output, count=1)
    return output


def without_links_to_code(markdown: str, page: Path, docs: Path) -> str:
    """Keep only the text of links to files of the repository that are not part of the site.

    Args:
        markdown: The text of the page.
        page: Path of the page, to which links are relative.
        docs: Folder of all pages.

    Returns:
        The text, with links to missing files unchanged, so that the build reports them.
    """

    def text_only(link: re.Match[str]) -> str:
        target = (page.parent / link[2]).resolve()
        outside = target.exists() and not target.is_relative_to(docs.resolve())
        return link[1] if outside else link[0]

    return LINK_UPWARDS.sub(text_only, markdown)


def nest_lists(markdown: str) -> str:
    """Indent the content of list items by four spaces for each level.

    Args:
        markdown: Text in which content is indented by the width of the item's marker.

    Returns:
        The same text for Python-Markdown, with an empty line before each list.
    """
    lines: list[str] = []
    contents: list[int] = []  # for each open list item, the column in which its content begins
    fence = ""
    loose = False  # an open list has items of several paragraphs
    for line in markdown.splitlines():
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if not text:
            lines.append("")
            continue
        if not fence:
            was_in_list = bool(contents)
            after_text = bool(lines and lines[-1])
            item = ITEM.match(line)
            # A line of a paragraph may be indented less; it still belongs to its item.
            if item or not after_text or FENCE.match(line):
                contents = [column for column in contents if column <= indent]
            loose = was_in_list and (loose or not after_text)
            if item and after_text and (loose or not was_in_list):
                lines.append("")
        base = contents[-1] if contents else 0
        lines.append(" " * (4 * len(contents) + max(indent - base, 0)) + text)
        if fence:
            fence = "" if text.rstrip() == fence else fence
        elif opening := FENCE.match(line):
            fence = opening[1]
        elif item:
            contents.append(item.end())
    return "\n".join(lines)


def _fetch(script: Script) -> Path | None:
    """Get a script from its npm package, once; the theme loads what is missing from a CDN."""
    copy = CACHE / f"{script.package}.js"
    if copy.exists():
        return copy
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        command = ["npm", "pack", script.package, "--silent", "--pack-destination", folder]
        try:
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - all written here
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"pages will load {script.package} from a CDN: {error}", file=sys.stderr)
            return None
        (package,) = Path(folder).iterdir()
        if hashlib.sha512(package.read_bytes()).hexdigest() != script.sha512:
            raise ValueError(f"{script.package} is not the package that was pinned")
        with tarfile.open(package) as archive:
            member = archive.extractfile(script.path)
            assert member
            (unpacked := Path(folder) / "script.js").write_bytes(member.read())
        unpacked.rename(copy)
    return copy
