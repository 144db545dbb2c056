"""Run by itself (`precta.files.previews`): a PDF comes in, its first page goes out as WebP. Imports nothing of ours."""

import io
import resource
import sys

MEMORY = 2**30
SECONDS = 20


def main() -> None:
    side = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it can write no file
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pypdfium2

    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    page = document[0]
    # A page may say that it is a kilometre long, or a point.
    longest = max(*page.get_size(), 1.0)
    picture = page.render(scale=min(side / longest, 4.0), may_draw_forms=False).to_pil().convert("RGB")
    picture.thumbnail((side, side))
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=80)
    sys.stdout.buffer.write(out.getvalue())


if __name__ == "__main__":
    main()
