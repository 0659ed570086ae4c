"""What mkdocs calls while it builds the site: pages that are made, not written."""

from __future__ import annotations

import ast
import hashlib
import logging
import re
from pathlib import Path
from typing import Any

from spikestack import __file__ as package_file
from spikestack.docs.entries import KINDS, entries
from spikestack.docs.figures import figure_of
from spikestack.docs.pages import index_page, model_page
from spikestack.docs.running import missing, run_page

_PACKAGE = Path(package_file).parent
_LOG = logging.getLogger("mkdocs.hooks.spikestack")


def on_config(config: Any) -> Any:
    """Fill the generated parts of the navigation, and list pages that nobody has listed."""
    root = _root(config)
    models: list[Any] = [{"All models": "models/index.md"}]
    for kind, heading in KINDS.items():
        models.append({heading: [{e.name: e.path} for e in entries() if e.kind == kind]})
    examples = [{_title(f): f"examples/{f.stem}.md"} for f in _examples(root)]
    made = {"Models": models, "Examples": examples}
    for section in config.nav:
        (name,) = section
        if name in made:
            section[name] = made[name]
    listed = set(re.findall(r"'([\w/]+\.md)'", str(config.nav)))
    for page in sorted(Path(config.docs_dir).glob("*.md")):
        if page.name not in listed:
            next(s for s in config.nav if "Guides" in s)["Guides"].append(page.name)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages, and what the code of tutorials draws."""
    from mkdocs.structure.files import File

    def add(path: str, content: str | bytes) -> None:
        if (old := files.get_file_from_path(path)) is not None:
            files.remove(old)
        files.append(File.generated(config, path, content=content))

    kept = _root(config) / ".docs-cache"
    add("models/index.md", index_page())
    for entry in entries():
        add(entry.path, model_page(entry, *figure_of(entry, kept / "figures")))
    for example in _examples(_root(config)):
        add(f"examples/{example.stem}.md", _example_page(example))
    benchmarks = _root(config) / "benchmarks" / "README.md"
    add("benchmarks.md", benchmarks.read_text())
    for page in sorted(Path(config.docs_dir).glob("tutorials/*.md")):
        for name, content in _written_by(page, kept / "tutorials").items():
            add(f"tutorials/{name}", content)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Lead links out of docs/, which are right in the repository, to pages of the site."""
    up = "../" * page.file.src_uri.count("/")
    out = r"\]\((?:\.\./)+{}\)"
    markdown = re.sub(out.format(r"examples/(\w+)\.py"), rf"]({up}examples/\1.md)", markdown)
    return re.sub(out.format(r"benchmarks/README\.md"), rf"]({up}benchmarks.md)", markdown)


def _root(config: Any) -> Path:
    return Path(config.config_file_path).parent


def _examples(root: Path) -> list[Path]:
    return sorted((root / "examples").glob("*.py"))


def _title(example: Path) -> str:
    return example.stem.replace("_", " ").capitalize()


def _example_page(example: Path) -> str:
    text = example.read_text()
    about = ast.get_docstring(ast.parse(text)) or ""
    code = text[text.index('"""', 3) + 3 :].strip()
    fence = f'```python title="examples/{example.name}"'
    return f"# {_title(example)}\n\n{about}\n\n{fence}\n{code}\n```\n"


def _written_by(page: Path, cache: Path) -> dict[str, bytes]:
    """The files that the page's code writes, from the last build if nothing has changed."""
    text = page.read_text()
    if package := missing(text):
        _LOG.info("%s: %s is not installed; its code is not run", page.name, package)
        return {}
    digest = hashlib.sha256(text.encode())
    for file in sorted(_PACKAGE.rglob("*.py")):
        digest.update(file.read_bytes())
    folder = cache / f"{page.stem}-{digest.hexdigest()[:24]}"
    if not folder.exists():
        outcome = run_page(page)
        for difference in outcome.differences:
            _LOG.warning("%s", difference)
        if outcome.differences:
            return outcome.files
        folder.mkdir(parents=True)
        for name, content in outcome.files.items():
            (folder / name).write_bytes(content)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
