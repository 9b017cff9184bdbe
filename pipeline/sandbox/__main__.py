"""``python -m pipeline.sandbox``: a Seller Center to test against."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.sandbox.options import parse_options


def main(argv: Sequence[str]) -> int:
    """Serve a sandbox until SIGTERM or Ctrl-C; 0 then, 2 when the options or files make no sense."""
    options = parse_options(argv)
    from pipeline.sandbox.sandbox import serve  # so that --help is instant

    try:
        return serve(options)
    except (OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
