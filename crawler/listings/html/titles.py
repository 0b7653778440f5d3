"""What the title and the headings of a page say that it is: an index, the page of its directory, or something else."""

from __future__ import annotations

import re
from collections.abc import Collection

from crawler.listings.html.tree.survey import Link, Survey, squeezed
from crawler.model.struct import Value
from crawler.text.patterns import pattern
from crawler.text.urls import decoded

_INDEX_WORDS = pattern(
    r"^\W*(?:(?:auto)?index (?:of|von|de|di)(?: (?:all )?files)?(?= *[/:]|$)"
    r"|(?:directory|folder) (?:listing|index|contents?)|file (?:listing|index)"
    r"|listing directory|(?:listing|contents?) (?:of|for)(?= *[/:\[]|$)|files (?:of|in|under)(?= *[/:])"
    r"|simple (?:package )?index|listing$|[^:]{1,200}: simple list\b|inhalt von|содержимое|فهرس(?= *[/:]|$))",
    re.IGNORECASE,
)
_VAGUE_WORDS = pattern(
    r"^\W*(?:(?:auto)?index (?:of|von|de|di)|(?:listing|contents?) (?:of|for)|directory\b|folder\b|browsing|目录"
    r"|collection:|فهرس)",
    re.IGNORECASE,
)
"""Headings that are also used for other lists: articles, people, the sections of a page."""
_PACKAGE = pattern(r"^\W*links for (\S+)$", re.IGNORECASE)
"""The heading of the files of a Python package."""
_ERROR_WORDS = pattern(
    r"\b(?:40[0-9]|50[0-9])\b|not found|forbidden|unauthori[sz]ed|access denied|\b(?:error|erro|errore|erreur|fehler"
    r"|fout|hata|chyba|błąd)\b|ошибк|错误|錯誤|エラー|오류|\blog[- ]?in\b|\bsign[- ]?(?:in|on|up)\b|bad gateway"
    r"|unavailable"
    r"|captive|captcha|wi-?fi|just a moment|checking your browser|not a (?:bot|robot)|are you (?:a )?(?:human|robot)"
    r"|\boops\b|does not exist|\bmissing\b|\boutage\b|\bblocked\b|exceeded|\bsubscribe\b"
    r"|members(?: area| only)?$|we have moved"
    r"|nicht gefunden|introuvable|non trouv|no encontrad|non trovat|não encontrad|nie znaleziono|niet gevonden"
    r"|hittades inte|ikke funn?et|ei löydy|nenalezen|nem található|bulunamadı|찾을 수 없|找不到|未找到|見つかりません"
    r"|не найден"
    r"|verweigert|gesperrt|refusé|interdit|denegado|negato|negado|odmowa|geweigerd|nekad|запрещ|拒绝|禁止|拒否|거부"
    r"|maintenance|wartung|mantenimiento|manutenzione|manutenção|konserwacja|onderhoud|underhåll|технические работы"
    r"|обслуживани|维护|維護|メンテナンス|점검|недоступ"
    r"|anmeld|einlogg|connexion|iniciar sesi|accedi\b|inloggen|logga in|zaloguj|авториз|登录|登入|ログイン|로그인",
    re.IGNORECASE,
)
_OTHER_WORDS = pattern(
    r"statisti[ckqs]|estad[ií]sticas|статистик|统计|統計|\busage\b"
    r"|\bchange(?:s|log|d)?\b|\bdiff(?:erences)?\b|änderungen|изменени|release notes"
    r"|\b(?:deleted|removed|trash|recycle bin)\b|papierkorb|corbeille|papelera|cestino|lixeira|корзин|回收站|ゴミ箱"
    r"|\bsearch\b|\bresults?\b|\bmatches\b|suchergebnis|résultats|resultados|risultati|результат|搜索|検索"
    r"|\bcoverage\b|\b(?:test|build)s? (?:report|results?)\b"
    r"|\b(?:top|most|recent(?:ly)?|latest|trending|popular)\b|\bcart\b|\bbasket\b|warenkorb|panier|carrito|carrello|购物车"
    r"|\bsite ?map\b|\binbox\b|posteingang|\bnews\b|\bwelcome\b|\bpartial\b",
    re.IGNORECASE,
)
"""Words of pages that show some files for a reason of their own, or things that are no files."""
_OWN_WORDS = pattern(
    r"\b(?:(?:auto)?index|director(?:y|ies)|folders?|list(?:ing|s)?|contents?|files?|names?|path|browse[rs]?|explorer|manager"
    r"|servers?|repositor(?:y|ies)|repo|mirrors?|downloads?|home|root|public|pub|ftp|https?|cdn|static|shared?"
    r"|storage|data|main|my|our|the|of|in|at|on|for|all|and|to|from|simple|packages?"
    r"|verzeichnis(?:se)?|inhalt|dateien|ordner|von|fichiers?|répertoires?|dossiers?|liste|de|du|des|la|le"
    r"|archivos?|directorios?|carpetas?|listado|índice|elenco|cartell[ae]|indice|di|arquivos?|ficheiros?|pastas?|lista|do"
    r"|bestanden|map|filer|mapp|plik(?:i|ów)|katalog(?:u)?|файл(?:ы|ов)?|каталог|содержимое|индекс|список|папк[аи])\b"
    r"|目录|目錄|文件夹|文件|列表|索引|ファイル|一覧|ディレクトリ|フォルダ|の|파일|목록|فهرس|لیست|دایرکتوری",
    re.IGNORECASE,
)
"""Words of headings that say nothing but that files are listed."""
_HOME_WORDS = pattern(
    r"\W*(?:home ?(?:page)?|main(?: page)?|start(?:seite)?|accueil|inicio|início|hem|hjem|główna|strona główna|главная"
    r"|首页|ホーム|홈|[\w-]+(?:\.[\w-]+)+)\W*",
    re.IGNORECASE,
)
"""The text of a link to the home page: a word for it, or the name of the host."""
_BETWEEN = pattern(r"(?<=\s)[-|\u2013\u2014\u00b7\u2022\u00bb:](?=\s)")
_LETTER = pattern(r"[^\W\d_]")


class Titles(Value, frozen=True):
    """What the title and the first headings of a page say."""

    score: float = 0.0
    """How clearly they say that the page is an index: 3 for an index of this very directory, 2 for one of some
    directory, 1 for the bare path or for words that other lists use too, else 0."""
    is_error: bool = False
    """Whether they mention an error or a login, or the page has a password field."""
    is_other: bool = False
    """Whether they mention something that shows files for a reason of its own, or no files: a search, a cart."""
    is_own: bool = True
    """Whether one of them says nothing but the address of the page and that it lists files, or there is none."""
    is_missing: bool = False
    """Whether there is none."""


def read_titles(survey: Survey, url: str, path: str) -> Titles:
    """What the titles of the page at ``url`` say, which shows the directory ``path``."""
    shown = [squeezed(tag.get_text(" "))[:300] for tag in survey.first("title", "h1", "h2", "h3", limit=1)]
    first = [text for text in shown if text]
    has_password = any(str(tag.attrs.get("type")).lower() == "password" for tag in survey.named["input"])
    places = _places(url, path)
    rest = [_without(text, places) for text in first]
    is_index = any(map(_INDEX_WORDS.match, first[:3]))
    return Titles(
        score=_score(survey, path),
        is_error=not is_index and (has_password or any(map(_ERROR_WORDS.search, rest))),
        is_other=not is_index and any(map(_OTHER_WORDS.search, rest[:2])),
        is_own=any(map(_is_own, rest)) or not first,
        is_missing=not first,
    )


def leads_up(link: Link) -> bool:
    """Whether a link to the directory above is that of a listing, and not one to the home page, as any page has it."""
    return link.href.lstrip().startswith("..") or bool(link.text and _HOME_WORDS.fullmatch(link.text) is None)


def _is_own(text: str) -> bool:
    """Whether ``text``, without places, says nothing but that files are listed; beside the name of a site, or alone."""
    parts = [part for part in _BETWEEN.split(text) if _VAGUE_WORDS.match(part) or _INDEX_WORDS.match(part)]
    return any(_LETTER.search(_OWN_WORDS.sub(" ", part)) is None for part in (text, *parts))


def _score(survey: Survey, path: str) -> float:
    wanted = squeezed(decoded(path)).strip("/")
    best = 0.0
    for tag in survey.first("title", "h1", "h2", "h3", "h4", "caption", limit=3):
        text = squeezed(tag.get_text(" "))[:6000]
        vague = _VAGUE_WORDS.match(text)
        words = _INDEX_WORDS.match(text)
        named = _names_path(text, wanted, anywhere=not (words or vague))
        package = _PACKAGE.match(text)
        if named and (words or (vague and "/" in text)):
            return 3.0
        if words or (package and package[1] == wanted.rpartition("/")[2]):
            best = max(best, 2.0)
        elif named or vague or package:
            best = max(best, 1.0)
    return best


def _names_path(text: str, wanted: str, *, anywhere: bool) -> bool:
    plain = squeezed(decoded(text).replace("/ ", "/")).rstrip("/ ")
    if wanted:
        return plain.endswith("".join(wanted.rpartition("/")[1:]))
    return not anywhere and text.endswith("/")


def _places(url: str, path: str) -> list[str]:
    """The parts of ``url`` and of ``path`` that a heading may name, longest first."""
    host, _, rest = url.partition("#")[0].partition("://")[2].partition("/")
    names = squeezed(decoded(f"{path}/{rest.replace('?', '/')}")).split("/")
    return sorted(filter(None, {host, host.rpartition(":")[0], *host.split("."), *names}), key=len, reverse=True)


def _without(text: str, places: Collection[str]) -> str:
    """``text`` without ``places``, where they are no parts of words."""
    for place in places:
        text = re.sub(rf"(?<![^\W_]){re.escape(place)}(?![^\W_])", " ", text, flags=re.IGNORECASE)
    return text
