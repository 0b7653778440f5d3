"""Column headings of listings, in a dozen languages."""

from __future__ import annotations

import re

NAME = re.compile(
    r"\b(?:file ?name|name|nom|naam|nombre|nome|dateiname|имя|название|nazwa|namn|navn|nimi|files?|datei|fichier"
    r"|director(?:y|ies)|project|package)|文件名|文件|名称|名前|ファイル|이름|الاسم",
    re.IGNORECASE,
)
SIZE = re.compile(
    r"\b(?:file ?)?(?:size|length|bytes|taille|gr(?:ö|oe)(?:ß|ss)e|grootte|tama[ñn]o|tamanho|dimension\w*|rozmiar"
    r"|velikost|storlek|st(?:ø|o)rrelse|koko|размер|boyut|poids)|大小|サイズ|크기|الحجم",
    re.IGNORECASE,
)
TIME = re.compile(
    r"modif|\b(?:date|time|chang|updat|upload|mtime|timestamp|datum|fecha|data|ge(?:ä|ae)ndert|age|added|posted|created|last"
    r"|дата|измен|tarih|dato)|修改|日期|時間|时间|日時|날짜|수정|التاريخ",
    re.IGNORECASE,
)
CHANGED = re.compile(r"modif|chang|updat|last|mtime|ge(?:ä|ae)ndert|измен|修改|更新|수정", re.IGNORECASE)
KIND = re.compile(r"\b(?:content )?(?:type|kind|typ|tipo|тип)\b|类型|種類", re.IGNORECASE)
OTHER = re.compile(
    r"descr|comment|note|download|hit|count|perm|mode|owner|user|group|links|attrib|action|ext", re.IGNORECASE
)
DIRECTORIES = re.compile(r"(?:sub)?(?:director(?:y|ies)|folders?)(?!.*(?:file|name|listing))", re.IGNORECASE)
"""Headings of a column whose links lead to directories."""
_UNITS = ((re.compile(r"\(?\b(?:KB|KiB|Ko|kilobytes)\b", re.I), 1), (re.compile(r"\b(?:MB|MiB|Mo)\b", re.I), 2))


def count_words(text: str) -> int:
    """The number of columns, out of name, size, time and kind, that the headings mention."""
    return sum(bool(pattern.search(text)) for pattern in (NAME, SIZE, TIME, KIND))


def unit_of(text: str) -> int:
    """The unit that a size heading gives to bare numbers, as a power of 1024; 0 for bytes."""
    return next((unit for pattern, unit in _UNITS if pattern.search(text)), 0)
