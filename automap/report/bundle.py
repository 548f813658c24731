"""The JavaScript that draws charts, for pages that open without a network: Vega, Vega-Lite and Vega-Embed."""

from __future__ import annotations

from importlib.metadata import version

from automap.data.cache.reader import cache_directory
from automap.exceptions import UserError
from automap.store.atomic import write_atomically


def vega_bundle() -> str:
    """Return the bundle of vl-convert; it is made once and kept in automap's cache, which saves two seconds.

    Raises:
        UserError: if vl-convert is not installed.
    """
    try:
        import vl_convert
    except ImportError:
        raise UserError("reports need more packages; install them with: pip install 'automap[report]'") from None
    kept = cache_directory() / f"vega-{version('vl-convert-python')}.js"
    if kept.is_file():
        return kept.read_text(encoding="utf-8")
    # A closing tag inside the code would end the script element that it stands in.
    made = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")).replace("</script", "<\\/script")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, lambda file: file.write(made.encode()))
    except OSError:
        return made
    return made
