"""Messages about the options of a --config file, in the notation of that file."""

from __future__ import annotations

from collections.abc import Callable, Collection


def of_file(given: Collection[str]) -> Callable[[str], str]:
    """A function that words a text about options as the file writes them: ``include = ["*.zip", "*.txt"]``.

    Options among ``given``, the keys of the command line, which override those of the file, stay as they were typed.
    """
    typed = {*given, *(("include", "exclude") if "rules" in given else ())}

    def say(text: str) -> str:
        if "--" not in text:
            return text
        from crawler.model.options.names.places import Place
        from crawler.model.options.names.prose import in_notation

        return in_notation(text, Place.TABLE, typed)

    return say
