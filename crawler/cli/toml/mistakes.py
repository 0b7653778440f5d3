"""Says where in a TOML file a mistake is, and what to write instead. Imported only when there is one.

No value of the file is repeated: it may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*[\"']?([\w.-]+)[\"']?\s*=")
_TABLE = re.compile(r"(?:mirror (\d+)(?: \(.*?\))?: )?(?:(defaults|objects)(?:: (?=\w+:)))?")
_MIRROR = re.compile(r"(:\d+: )mirror \d+(?: \(.*?\))?: ")
_NAMED = re.compile(r"unknown key '([^']+)'|([\w-]+)")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_STATEMENT = re.compile(r"\s*[\"']?([\w.-]+)[\"']?\s*([=:])\s*(.*?)\s*(?:#.*)?$")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_LARGE = re.compile(r"0[xob][0-9a-fA-F_]+|[0-9_]+|[\[{]+|(?:[\w-]+\.)+")
_TRUTHS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


def located(message: str, where: str, text: str) -> str:
    """``message``, which begins with the file ``where`` and names table and key, with the line of ``text`` if known."""
    if not message.startswith(f"{where}: "):
        return message
    rest = message[len(where) + 2 :]
    table = _TABLE.match(rest)
    named = _NAMED.match(rest, table.end() if table else 0)
    number, inner = (int(table[1] or 0), table[2] or "") if table else (0, "")
    line = _line_of(text, number, inner, (named[1] or named[2]) if named else "")
    return f"{where}:{line}: {rest}" if line else message


def line_number(message: str, where: str) -> int:
    """The line that ``message`` names; 0 if it names none."""
    number = message.removeprefix(f"{where}:").partition(":")[0]
    return int(number) if number.isdecimal() else 0


def without_mirror(message: str) -> str:
    """``message`` from ``located`` without the number and name of the mirror: equal for a key of ``[defaults]``."""
    return _MIRROR.sub(r"\1", message, count=1)


def _line_of(text: str, number: int, inner: str, key: str) -> int:
    """The line of ``key`` in the table of mirror ``number`` (0: none) or ``inner``; 0 if it is not found.

    A key that a mirror does not have is looked for in ``[defaults]``; if it is not there either, the line is that of
    the mirror.
    """
    of_mirror = of_defaults = of_table = 0
    for line, table, mirror, found in _keys(text):
        if mirror and mirror == number:
            of_table = of_table or line
            is_dotted = found.startswith(f"{key}.") or (not found and table == f"mirror.{key}")
            if (found == key or is_dotted) and not of_mirror:
                of_mirror = line
        elif not mirror and found == key and table in {inner, "defaults" if number else inner}:
            of_defaults = of_defaults or line
        elif not number and not found and table.partition(".")[0] == key:
            of_table = of_table or line
    return of_mirror or of_defaults or of_table


def _keys(text: str) -> Iterator[tuple[int, str, int, str]]:
    """(line, table, number of the mirror or 0, key or "" for the heading of the table), for each heading and key."""
    table, number = "", 0
    for line, content in enumerate(text.splitlines(), 1):
        if heading := _HEADER.match(content):
            table = heading[2]
            number += table == "mirror"
            yield line, table, number if table.partition(".")[0] == "mirror" else 0, ""
        elif key := _KEY.match(content):
            yield line, table, number if table.partition(".")[0] == "mirror" else 0, key[1]


def syntax_problem(message: str, where: str, text: str) -> str:
    """What is wrong in a file that is not TOML: ``message`` is the parser's, and ends with a line and a column."""
    place = _PLACE.search(message)
    said = _PLACE.sub("", message)
    if text.lstrip()[:1] == "{":
        return f"{where}: this is JSON: write TOML, with a table [[mirror]] for each mirror"
    lines = text.rstrip().split("\n")
    line = int(place[1]) if place and place[1] else len(lines)
    content = lines[line - 1] if line <= len(lines) else ""
    return f"{where}:{line}: {_advice(content, said)}"


def excess_problem(problem: str, where: str, text: str) -> str:
    """``problem`` of a value that is too large, with the line that it is probably in."""
    lines = text.split("\n")
    sizes = [len("".join(_LARGE.findall(_QUOTED.sub("", line)))) for line in lines]
    line = sizes.index(max(sizes))
    key = _KEY.match(lines[line])
    return f"{where}:{line + 1}: {key[1].partition('.')[0] + ': ' if key else ''}{problem}"


def _advice(line: str, said: str) -> str:
    """What to write instead of ``line``, of which the parser has ``said`` something."""
    if re.fullmatch(r"\s*[;/].*", line):
        return "a comment begins with #"
    if line.lstrip().startswith("["):
        name = line.strip().strip("[]").partition("]")[0].strip()
        repeated = "twice" in said or "Cannot" in said
        return f"[{name}] occurs twice: merge the two" if repeated else "a table is written as [defaults] or [[mirror]]"
    statement = _STATEMENT.match(line)
    if statement is None:
        return "expected KEY = VALUE, a table such as [[mirror]], or a comment after #"
    key, sign, value = statement.groups()
    if sign == ":":
        return f"{key}: write {key} = …, not {key}: …" if value else "this is YAML: write TOML, with a table [[mirror]]"
    return f"{key}: {_about_value(key, value, said)}"


def _about_value(key: str, value: str, said: str) -> str:
    if "overwrite" in said:
        return "set twice in this table"
    if not value:
        return f'its value is missing: write {key} = "…"'
    if value[0] in "“”„‘’«":
        return f'quotes are straight in TOML: write {key} = "…"'
    if (truth := _TRUTHS.get(value.rstrip(",;").lower())) is not None:
        return f"write {key} = {truth}"
    if value[0] in "\"'":
        return _about_text(key, value, said)
    if value[0] == "[":
        return f'texts in a list need quotes, and commas between them: write {key} = ["…", "…"]'
    return f'text needs quotes: write {key} = "…"'


def _about_text(key: str, value: str, said: str) -> str:
    """What is wrong with a text in quotes."""
    if value[0] == '"' and "\\" in value:
        return f"a backslash begins an escape between double quotes: write {key} = '…'"
    if value.count(value[0]) < 2:
        return f"the closing {value[0]} is missing"
    if value.rstrip()[-1] in ",;":
        return f"no {value.rstrip()[-1]} at the end of a line"
    return f"{said[:1].lower()}{said[1:]}"


def encoding_problem(content: bytes, where: str) -> str:
    """Why the bytes ``content`` are not UTF-8."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return f"{where}: this is UTF-16: save it as UTF-8"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{where}:{line}: byte 0x{content[error.start]:02x} is not UTF-8: save the file as UTF-8"
    return f"{where}: save it as UTF-8"
