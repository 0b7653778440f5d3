"""The words of pagers by language: one table for the labels of links and for what explains itself on an empty page."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.model.struct import Value


class _Language(Value, frozen=True):
    """The words of a language in small letters, separated by ``|``; ``#`` stands for a number."""

    next: str = ""
    """The words for the page that follows. Each also stands with each of ``page``, before or after it."""
    back: str = ""
    """Those for the pages before: the previous and the first one."""
    last: str = ""
    page: str = ""
    load: str = ""
    """What loads or shows the rest."""
    more: str = ""
    """More entries, by words that menus use, too."""
    joins: tuple[str, ...] = (" ",)
    """What is between two words."""


_CJK = ("", " ", "\u306e")
_LANGUAGES = (
    _Language(
        next="next|forward|older|next #|go to next",
        back="previous|prev|previous #|prev #|go to previous|first|newer|go to first",
        last="last|go to last",
        page="page|posts|entries|files|items|results|set|batch|objects|rows",
        load="load more|show more|view more|see more|get more|load all|show all|view all|see all"
        "|more files|more entries|more items|more results|more objects|# more files|# more entries|# more items"
        "|# more results|# more objects|load more files|load more items|show more files|load more results"
        "|show more results|show all #"
        "|show all # files|show all # items|view all # files|show # more|show # more files|load # more"
        "|next # results|next # files|next # items|next # entries|next # objects|next # rows|view older files"
        "|show older files|navigate_next|chevron_right|arrow_forward",
        more="more|all|continue",
    ),
    _Language(back="view newer files|navigate_before|chevron_left|arrow_back|first_page", last="last_page"),  # icons
    _Language(  # German
        next="n\u00e4chste|weiter|vorw\u00e4rts",
        back="zur\u00fcck|vorherige|erste",
        last="letzte",
        page="seite",
        load="weitere dateien|weitere seiten|n\u00e4chste dateien|mehr laden|mehr anzeigen|alle anzeigen",
        more="mehr|alle",
    ),
    _Language(  # French
        next="suivant|suivante|suivants|suiv",
        back="pr\u00e9c\u00e9dent|pr\u00e9c\u00e9dente|pr\u00e9c|premi\u00e8re",
        last="derni\u00e8re",
        page="page",
        load="charger plus|afficher plus|voir plus|afficher la suite|afficher tout",
        more="plus|tout",
    ),
    _Language(  # Spanish
        next="siguiente|siguientes",
        back="anterior|anteriores|primera|primero",
        last="\u00faltima|\u00faltimo",
        page="p\u00e1gina",
        load="cargar m\u00e1s|mostrar m\u00e1s|ver m\u00e1s|ver todos",
        more="m\u00e1s",
    ),
    _Language(  # Portuguese
        next="pr\u00f3xima|pr\u00f3ximo|seguinte",
        back="anterior|primeira",
        last="\u00faltima|\u00faltimo",
        page="p\u00e1gina",
        load="carregar mais|mostrar mais|ver mais|ver tudo",
        more="mais",
    ),
    _Language(  # Italian
        next="successiva|successivo|successivi|avanti",
        back="precedente|precedenti|prima|indietro",
        last="ultima",
        page="pagina",
        load="carica altri|mostra altri",
        more="altro",
    ),
    _Language(  # Dutch
        next="volgende", back="vorige|eerste", last="laatste", page="pagina", load="meer laden|meer tonen", more="meer"
    ),
    _Language(  # Swedish
        next="n\u00e4sta",
        back="f\u00f6reg\u00e5ende|f\u00f6rsta",
        last="sista",
        page="sida|sidan",
        load="visa fler|visa mer|ladda fler",
        more="forts\u00e4tt",
    ),
    _Language(  # Norwegian
        next="neste",
        back="forrige|f\u00f8rste",
        last="siste",
        page="side|siden",
        load="vis mer|vis flere|hent flere|last inn flere",
        more="fortsett",
    ),
    _Language(  # Danish
        next="n\u00e6ste|f\u00f8lgende",
        back="forrige|foreg\u00e5ende|f\u00f8rste",
        last="sidste",
        page="side|siden",
        load="vis mere|vis flere|hent flere",
        more="forts\u00e6t",
    ),
    _Language(  # Finnish
        next="seuraava",
        back="edellinen|ensimm\u00e4inen",
        last="viimeinen",
        page="sivu",
        load="n\u00e4yt\u00e4 lis\u00e4\u00e4",
        more="jatka",
    ),
    _Language(  # Estonian
        next="edasi|j\u00e4rgmine",
        back="tagasi|eelmine|esimene",
        last="viimane",
        page="lehek\u00fclg|leht",
    ),
    _Language(  # Latvian
        next="n\u0101kam\u0101|t\u0101l\u0101k",
        back="iepriek\u0161\u0113j\u0101|atpaka\u013c|pirm\u0101",
        last="p\u0113d\u0113j\u0101",
        page="lapa",
    ),
    _Language(  # Lithuanian
        next="kitas|toliau|sekantis",
        back="ankstesnis|atgal|pirmas",
        last="paskutinis",
        page="puslapis",
    ),
    _Language(  # Polish
        next="nast\u0119pna|nast\u0119pny|nast\u0119pne|dalej",
        back="wstecz|poprzednia|poprzedni|poprzednie|pierwsza",
        last="ostatnia",
        page="strona",
    ),
    _Language(  # Czech and Slovak
        next="dal\u0161\u00ed|n\u00e1sleduj\u00edc\u00ed|\u010falej|\u010fal\u0161ia|\u010fal\u0161\u00ed|nasleduj\u00faca",
        back="p\u0159edchoz\u00ed|zp\u011bt|prvn\u00ed|predch\u00e1dzaj\u00faca|sp\u00e4\u0165|prv\u00e1",
        last="posledn\u00ed|posledn\u00e1",
        page="strana|str\u00e1nka",
    ),
    _Language(  # Slovenian, Croatian, Bosnian, Serbian
        next="naprej|naslednja|sljede\u0107a|slede\u0107a|dalje|\u0441\u043b\u0435\u0434\u0435\u045b\u0430|\u0434\u0430\u0459\u0435",
        back="nazaj|prej\u0161nja|prethodna|natrag|nazad|prva|\u043f\u0440\u0435\u0442\u0445\u043e\u0434\u043d\u0430",
        last="zadnja|zadnja|posljednja|poslednja",
        page="stran|stranica|\u0441\u0442\u0440\u0430\u043d\u0438\u0446\u0430",
    ),
    _Language(  # Hungarian
        next="k\u00f6vetkez\u0151",
        back="el\u0151z\u0151|vissza|els\u0151",
        last="utols\u00f3",
        page="oldal|lap",
    ),
    _Language(  # Romanian
        next="urm\u0103toarea|urm\u0103torul|\u00eenainte",
        back="\u00eenapoi|anterioara|precedenta|prima",
        last="ultima",
        page="pagina|pagin\u0103",
    ),
    _Language(  # Albanian
        next="m\u00eb tej|tjet\u00ebr|tjetra", back="m\u00eb par\u00eb|prapa", last="e fundit", page="faqja"
    ),
    _Language(  # Turkish
        next="sonraki|ileri", back="\u00f6nceki|geri|ilk", last="son", page="sayfa"
    ),
    _Language(  # Indonesian
        next="berikutnya|selanjutnya|seterusnya", back="sebelumnya|pertama", last="terakhir", page="halaman"
    ),
    _Language(  # Vietnamese
        next="ti\u1ebfp|ti\u1ebfp theo|sau|k\u1ebf ti\u1ebfp",
        back="tr\u01b0\u1edbc|\u0111\u1ea7u",
        last="cu\u1ed1i",
        page="trang",
    ),
    _Language(  # Greek
        next="\u03b5\u03c0\u03cc\u03bc\u03b5\u03bd\u03b7|\u03b5\u03c0\u03cc\u03bc\u03b5\u03bd\u03bf",
        back="\u03c0\u03c1\u03bf\u03b7\u03b3\u03bf\u03cd\u03bc\u03b5\u03bd\u03b7|\u03c0\u03c1\u03ce\u03c4\u03b7",
        last="\u03c4\u03b5\u03bb\u03b5\u03c5\u03c4\u03b1\u03af\u03b1",
        page="\u03c3\u03b5\u03bb\u03af\u03b4\u03b1",
    ),
    _Language(  # Russian
        next="\u0441\u043b\u0435\u0434|\u0441\u043b\u0435\u0434\u0443\u044e\u0449\u0430\u044f"
        "|\u0434\u0430\u043b\u0435\u0435|\u0432\u043f\u0435\u0440\u0435\u0434|\u0432\u043f\u0435\u0440\u0451\u0434",
        back="\u043f\u0440\u0435\u0434|\u043f\u0440\u0435\u0434\u044b\u0434\u0443\u0449\u0430\u044f"
        "|\u043d\u0430\u0437\u0430\u0434|\u043f\u0435\u0440\u0432\u0430\u044f",
        last="\u043f\u043e\u0441\u043b\u0435\u0434\u043d\u044f\u044f",
        page="\u0441\u0442\u0440\u0430\u043d\u0438\u0446\u0430",
        load="\u043f\u043e\u043a\u0430\u0437\u0430\u0442\u044c \u0435\u0449\u0451"
        "|\u043f\u043e\u043a\u0430\u0437\u0430\u0442\u044c \u0435\u0449\u0435",
        more="\u0435\u0449\u0451|\u0435\u0449\u0435",
    ),
    _Language(  # Ukrainian
        next="\u043d\u0430\u0441\u0442\u0443\u043f\u043d\u0430|\u0434\u0430\u043b\u0456",
        back="\u043f\u043e\u043f\u0435\u0440\u0435\u0434\u043d\u044f|\u043d\u0430\u0437\u0430\u0434|\u043f\u0435\u0440\u0448\u0430",
        last="\u043e\u0441\u0442\u0430\u043d\u043d\u044f",
        page="\u0441\u0442\u043e\u0440\u0456\u043d\u043a\u0430",
    ),
    _Language(  # Bulgarian and Macedonian
        next="\u0441\u043b\u0435\u0434\u0432\u0430\u0449\u0430|\u043d\u0430\u043f\u0440\u0435\u0434|\u0441\u043b\u0435\u0434\u043d\u0430",
        back="\u043f\u0440\u0435\u0434\u0438\u0448\u043d\u0430|\u043d\u0430\u0437\u0430\u0434|\u043f\u044a\u0440\u0432\u0430",
        last="\u043f\u043e\u0441\u043b\u0435\u0434\u043d\u0430",
        page="\u0441\u0442\u0440\u0430\u043d\u0438\u0446\u0430",
    ),
    _Language(  # Chinese
        next="\u4e0b|\u4e0b\u4e00|\u540e\u4e00|\u5f8c\u4e00|\u4e0b\u4e00\u9875|\u4e0b\u4e00\u9801",
        back="\u4e0a|\u4e0a\u4e00|\u524d\u4e00|\u9996",
        last="\u672b|\u5c3e",
        page="\u9875|\u9801",
        load="\u52a0\u8f7d\u66f4\u591a|\u67e5\u770b\u66f4\u591a",
        more="\u66f4\u591a",
        joins=_CJK,
    ),
    _Language(  # Japanese
        next="\u6b21|\u6b21\u3078",
        back="\u524d|\u524d\u3078|\u6700\u521d|\u6700\u521d\u3078",
        last="\u6700\u5f8c|\u6700\u5f8c\u3078",
        page="\u30da\u30fc\u30b8|\u9801",
        load="\u3082\u3063\u3068\u898b\u308b",
        more="\u3082\u3063\u3068",
        joins=_CJK,
    ),
    _Language(  # Korean
        next="\ub2e4\uc74c",
        back="\uc774\uc804|\ucc98\uc74c",
        last="\ub9c8\uc9c0\ub9c9|\ub05d",
        page="\ud398\uc774\uc9c0",
        load="\ub354 \ubcf4\uae30",
        joins=_CJK,
    ),
    _Language(  # Arabic
        next="\u0627\u0644\u062a\u0627\u0644\u064a|\u0627\u0644\u062a\u0627\u0644\u064a\u0629",
        back="\u0627\u0644\u0633\u0627\u0628\u0642|\u0627\u0644\u0633\u0627\u0628\u0642\u0629",
        last="\u0627\u0644\u0623\u062e\u064a\u0631\u0629",
        page="\u0627\u0644\u0635\u0641\u062d\u0629",
    ),
    _Language(  # Persian
        next="\u0628\u0639\u062f\u06cc",
        back="\u0642\u0628\u0644\u06cc",
        last="\u0622\u062e\u0631\u06cc\u0646",
        page="\u0635\u0641\u062d\u0647",
    ),
    _Language(  # Hebrew
        next="\u05d4\u05d1\u05d0",
        back="\u05d4\u05e7\u05d5\u05d3\u05dd",
        last="\u05d0\u05d7\u05e8\u05d5\u05df",
        page="\u05d3\u05e3|\u05e2\u05de\u05d5\u05d3",
    ),
    _Language(  # Thai
        next="\u0e16\u0e31\u0e14\u0e44\u0e1b",
        back="\u0e01\u0e48\u0e2d\u0e19\u0e2b\u0e19\u0e49\u0e32|\u0e01\u0e48\u0e2d\u0e19",
        last="\u0e2a\u0e38\u0e14\u0e17\u0e49\u0e32\u0e22",
        page="\u0e2b\u0e19\u0e49\u0e32",
        joins=("", " "),
    ),
)
_BARE = {"\u4e0b", "\u4e0a", "\u9996", "\u672b", "\u5c3e", "\u524d", "son", "sau"}
"""Words that say something only beside the word for a page."""


def _split(words: str) -> list[str]:
    return [word for word in words.split("|") if word]


def _phrases(words: str, language: _Language) -> Iterator[str]:
    for word in _split(words):
        if word not in _BARE:
            yield word
        for page in _split(language.page):
            for join in language.joins:
                yield f"{word}{join}{page}"
                if join != "\u306e":
                    yield f"{page}{join}{word}"


def _all(part: str, *, beside_pages: bool) -> frozenset[str]:
    found: set[str] = set()
    for language in _LANGUAGES:
        words: str = getattr(language, part)
        found.update(_phrases(words, language) if beside_pages else _split(words))
    return frozenset(found)


NEXT = _all("next", beside_pages=True) | _all("load", beside_pages=False)
BACK = _all("back", beside_pages=True) - NEXT
LAST = _all("last", beside_pages=True) - NEXT - BACK
MORE = _all("more", beside_pages=False) - NEXT - BACK - LAST
PAGE = _all("page", beside_pages=False)
