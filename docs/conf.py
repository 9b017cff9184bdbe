"""How `make docs` builds the pages: Sphinx with MyST and Furo, over the whole repository.

The source folder is the repository's root, so that a link works alike on a forge, in an editor and in the
built site: README.md links into docs/, docs/ link to samples. Nothing is loaded from the network.
"""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

project = "sellercenter-pipeline"
author = "the contributors"
project_copyright = "the contributors, MIT licence"
html_title = "sellercenter"
language = "en"

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/*/*.md"]
exclude_patterns = ["docs/_tools/**", "tests/**", "demo/**", "site/**", ".*/**"]
nitpicky = True
suppress_warnings = ["toc.not_included"]  # a page may be reached by links alone

myst_heading_anchors = 4
myst_enable_extensions = ["fieldlist"]

html_theme = "furo"
html_static_path = []
html_extra_path = ["_site"]  # index.html, which leads to docs/index.html
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "default"


class Folders(SphinxPostTransform):
    """A link to a folder of the repository has nothing to show in a built site: its text stays."""

    default_priority = 5

    def run(self, **_: object) -> None:
        root = Path(self.app.srcdir)
        here = (root / self.env.doc2path(self.env.docname)).parent
        for link in list(self.document.findall(nodes.Element)):
            target = link.get("reftarget")
            if target and not target.startswith("#") and (here / target).is_dir():
                link.replace_self(nodes.inline("", "", *link.children))


def setup(app: Sphinx) -> None:
    app.add_post_transform(Folders)
