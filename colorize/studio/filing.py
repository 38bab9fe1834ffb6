"""Makes the files of pages that are exported, as the command does."""

from enum import StrEnum

from colorize.errors import ImageError
from colorize.imaging import formats, openraster
from colorize.paint import pages
from colorize.paint.hints import Hint
from colorize.paint.painter import Painter
from colorize.studio.project import Page, Project


class Form(StrEnum):
    """Files of a page that can be exported."""

    PAINTED = "painted"
    PNG = "png"
    LAYER = "layer"
    LAYERS = "layers"

    def file_name(self, page: Page) -> str:
        """Name of the file of a page."""
        name = page.name.replace("/", " - ")
        stem = name[: len(name) - len(formats.suffix(name))]
        return f"{stem}{' colours' * (self is Form.LAYER)}{self.ending(page)}"

    def ending(self, page: Page) -> str:
        """Suffix of the file of a page."""
        if self is Form.PAINTED:
            return page.kind
        return openraster.SUFFIX if self is Form.LAYERS else ".png"


_FORMS = {Form.LAYER: pages.Form.LAYER, Form.LAYERS: pages.Form.LAYERS}


def file_of(
    project: Project, page: Page, form: Form, *, painter: Painter, hints: tuple[Hint, ...]
) -> bytes:
    """Make the file of a page.

    Raises:
        ImageError: it cannot be read, painted or written.
    """
    content = project.content(page)
    given = pages.Page(
        name=page.name,
        original=page.kind,
        kind=form.ending(page),
        read=lambda: content,
        hints=hints,
    )
    chosen = _FORMS.get(form, pages.Form.PAINTED)
    (made,) = pages.paint_pages(painter, [given], form=chosen)
    if made.outcome is pages.Outcome.FAILED:
        raise ImageError(*made.reason.split(": ", 1))
    return content if made.content is None else made.content
