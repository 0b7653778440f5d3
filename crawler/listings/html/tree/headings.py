"""Column headings of listings, in some thirty languages."""

from __future__ import annotations

import re

NAME = re.compile(
    r"\b(?:file ?name|name|nom|naam|nombre|nome|dateiname|имя|название|nazwa|namn|navn|nimi|files?|datei|fichier"
    r"|director(?:y|ies)|project|package|název|názov|jméno|meno|név|fájl\w*|nume|denumire|назва|име|название|nama|isim"
    r"|ad[ıi]?\b|dosya|tên|ime\b|naziv|nosaukums|pavadinimas|nafn|izena|όνομα|ονομα)"
    r"|文件名|文件|名称|名稱|檔案|名前|ファイル|이름|الاسم|اسم|نام\b|שם|ชื่อ|नाम",
    re.IGNORECASE,
)
SIZE = re.compile(
    r"\b(?:file ?)?(?:size|length|bytes|taille|gr(?:ö|oe)(?:ß|ss)e|grootte|tama[ñn]o|tamanho|dimension\w*|rozmiar"
    r"|velikost|veľkosť|veličina|storlek|st(?:ø|o)rrelse|stærð|koko|suurus|izmērs|dydis|размер|розмір|големина|boyut"
    r"|poids|méret|mărime|dimensiune|ukuran|saiz|mida\b|tamaina|kích (?:thước|cỡ)|dung lượng|μέγεθος)"
    r"|大小|サイズ|크기|الحجم|حجم|اندازه|גודל|ขนาด|आकार",
    re.IGNORECASE,
)
TIME = re.compile(
    r"modif|\b(?:date|time|chang|updat|upload|mtime|timestamp|datum|fecha|data|ge(?:ä|ae)ndert|age|added|posted|created|last"
    r"|дата|измен|змін|промен|tarih|değişti|dato|dátum|módosít|změn|zmen|kuupäev|muud[ae]t|muokattu|päiv|ändrad|ændret"
    r"|endret|izmijen|spremenj|datums|pakeist|ngày|sửa|tanggal|tarikh|diubah|ημερομηνία|τροποπ)"
    r"|修改|日期|時間|时间|日時|更新|날짜|수정|التاريخ|تاریخ|تاريخ|תאריך|שונה|วันที่|แก้ไข|तारीख|दिनांक",
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
