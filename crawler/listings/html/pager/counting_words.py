"""The words with which pages count their entries, by language: one table for all statements in ``claims``."""

from __future__ import annotations

from crawler.model.struct import Value


class _Language(Value, frozen=True):
    """The words of a language, as alternatives of a regular expression: the forms that follow a number."""

    files: str = ""
    directories: str = ""
    items: str = ""
    total: str = ""
    of: str = ""
    """Between what is shown and the total."""
    page: str = ""


_LANGUAGES = (
    _Language(  # German
        "dateien", "(?:unter)?ordner|(?:unter)?verzeichnisse?", "einträge|elemente|objekte",
        "insgesamt|gesamt|summe", "von", "seite"),
    _Language("fichiers?", "dossiers?|répertoires?", "éléments?|entrées", "total général|au total", "sur|de", "page"),
    _Language("archivos?|ficheros?", "carpetas?|directorios?", "elementos?|registros", "", "de", "página"),  # Spanish
    _Language("ficheiros?|arquivos?", "pastas?", "itens|elementos?|registros", "", "de", "página"),  # Portuguese
    _Language("fitxers?", "directoris?", "", "", "de", "pàgina"),  # Catalan
    _Language("", "cartelle|cartella", "elementi|elemento", "totale", "di", "pagina"),  # Italian
    _Language("bestanden", "mappen", "elementen", "totaal", "van", "pagina"),  # Dutch
    _Language("filer", "mapper|mappar", "objekt|elementer|poster", "totalt|i alt|sammanlagt", "av|af",
              "side|sida"),  # Danish, Norwegian, Swedish
    _Language("skrár", "möppur", "hlutir", "samtals", "af", "síða"),  # Icelandic
    _Language("tiedostoa?", "kansiota?|hakemistoa?", "kohdetta", "yhteensä", "", "sivu"),  # Finnish
    _Language("faili?", "kausta", "kirjet", "kokku", "", "lehekülg"),  # Estonian
    _Language("plik(?:i|ów)?", r"katalog\w{0,3}|folder(?:y|ów)", "element(?:y|ów)|pozycj[aei]",
              "razem|łącznie|ogółem", "z", "strona"),  # Polish
    _Language("soubor(?:y|ů)?", "složk[ay]|složek|adresář(?:e|ů)", "objekt(?:y|ů)|položk[ay]|položek", "celkem", "z",
              "strana|stránka"),  # Czech
    _Language("súbor(?:y|ov)?", "priečink(?:y|ov)", "položk[ay]|položiek", "spolu|celkom", "z", "strana"),  # Slovak
    _Language("fájl", "mappa|könyvtár", "elem|találat", "összesen", "", "oldal"),  # Hungarian
    _Language("fi[șş]iere?", "dosare|directoare", "elemente?", "", "din", "pagina"),  # Romanian
    _Language("datotek[aei]?", "map[aei]|direktorij[ai]?", "stavk[aei]|stavki|elemenata", "ukupno|skupaj", "od",
              "stran|stranica"),  # Croatian, Serbian, Slovenian
    _Language("skedarë", "dosje", "", "gjithsej", "nga", "faqja"),  # Albanian
    _Language("failas|failai|failų", "aplank(?:as|ai|ų)", "įraš(?:as|ai|ų)", "iš viso", "iš", "puslapis"),  # Lithuanian
    _Language("faili|failu", "map(?:es|ju)", "vienumi|vienumu", "kopā", "", "lapa"),  # Latvian
    _Language("файл(?:ов|а|ы)?", "папк[аи]|папок|каталог(?:а|ов)?", "объект(?:ов|а)?|элемент(?:ов|а)?|запис(?:ь|и|ей)",
              "всего|итого", "из", "страница"),  # Russian
    _Language("файл(?:и|ів)", "тек[аи]", "елемент(?:и|ів)?|запис(?:и|ів)", "всього|усього|разом", "з|із", "сторінка"),
    _Language("файлове", "", "елемент[аи]", "общо", "от", "страница"),  # Bulgarian
    _Language("αρχεί(?:ο|α)", "φάκελο[ιςυ]|φακέλων", "στοιχεί(?:ο|α)", "σύνολο|συνολικά", "από", "σελίδα"),  # Greek
    _Language("ფაილი", "საქაღალდე", "", "სულ", "", "გვერდი"),  # Georgian
    _Language("dosya", "klasör|dizin", "öğe|kayıt", "toplam", "", "sayfa"),  # Turkish
    _Language("fitxategi", "karpeta", "elementu", "guztira", "", "orria"),  # Basque
    _Language("ملفات|ملفًا|ملفا|ملف", "مجلدات|مجلد", "عناصر|عنصرًا|عنصر", "المجموع|الإجمالي|إجمالي", "من", "الصفحة|صفحة"),
    _Language("پرونده|فایل", "پوشه", "مورد", "مجموع|کل", "از", "صفحه"),  # Persian
    _Language("קבצים|קובץ", "תיקיות|תיקייה", "פריטים|פריט", 'סה"כ|סה״כ|סך הכל', "מתוך", "עמוד"),  # Hebrew
    _Language("फ़ाइलें|फ़ाइल|फाइलें|फाइल", "फ़ोल्डर|फोल्डर", "आइटम", "कुल", "", "पृष्ठ"),  # Hindi
    _Language("ไฟล์", "โฟลเดอร์", "รายการ", "ทั้งหมด|รวม", "จาก", "หน้า"),  # Thai
    _Language("tệp(?: tin)?|tập tin", "thư mục", "mục", "tổng(?: cộng| số)?", "trên|trong(?: tổng số)?|của", "trang"),
    _Language("berkas|fail", "direktori", "entri", "jumlah", "dari|daripada", "halaman"),  # Indonesian, Malay
    _Language("文件", "文件夹|目录", "项目?|件|条", "共|总共|总计|合计|全部", "", "页"),  # Chinese, simplified
    _Language("檔案", "資料夾|目錄", "項目?|條|筆", "總共|總計|合計", "", "頁"),  # Chinese, traditional
    _Language("ファイル", "フォルダー?|ディレクトリ", "項目", "合計|全", "", "ページ"),  # Japanese
    _Language("파일", "폴더|디렉터리", "항목|개|건", "총|전체|합계", "", "페이지"),  # Korean
    _Language(  # English: words that begin with one of these stand above
        "files?", "(?:sub)?(?:folders?|directory|directories|dirs?)", "items?|entry|entries|objects?|rows?|records?",
        "total", r"(?:out )?of|from(?! (?:19|20)\d\d\b)", "page"),
)  # fmt: skip


def _all(name: str) -> str:
    """The words of all languages, as a group of a regular expression."""
    return f"(?:{'|'.join(filter(None, (getattr(language, name) for language in _LANGUAGES)))})"


FILES = _all("files")
DIRECTORIES = _all("directories")
ITEMS = _all("items")
TOTAL = _all("total")
OF = _all("of")
PAGE = _all("page")
