"""What titles say in some fifty languages, and which ordinary titles say nothing of it."""

from __future__ import annotations

import pytest

from crawler.listings.html.title_words import ERROR, HOME, OTHER, OWN

_ERRORS = """
404 Not Found|Access denied|Please log in|Sign-in
Site under maintenance|HTTP 503|Seite nicht gefunden|Bitte anmelden
Page introuvable|Connexion|Página no encontrada|Iniciar sesión
Página não encontrada|Entrar|Pagina non trovata|Accedi
Pagina niet gevonden|Inloggen|Sidan hittades inte|Logga in
Siden ble ikke funnet|Logg inn|Siden blev ikke fundet|Log på
Sivua ei löydy|Kirjaudu|Síða fannst ekki|Nie znaleziono strony|Zaloguj się|Stránka nenalezena|Přihlášení
Stránka sa nenašla|Prihlásenie|Az oldal nem található|Bejelentkezés|Pagina nu a fost găsită|Autentificare
Страницата не е намерена|Вход|Страница не найдена|Войти|Сторінку не знайдено|Увійти|Старонка не знойдзена
Страница није пронађена|Stranica nije pronađena|Prijava
Stran ni najdena|Faqja nuk u gjet|Η σελίδα δεν βρέθηκε|Σύνδεση
Sayfa bulunamadı|Giriş yap|GİRİŞ YAP|Səhifə tapılmadı|Бет табылмады|Lehte ei leitud|Lapa nav atrasta|Puslapis nerastas
Ez da orria aurkitu|No s'ha trobat la pàgina|Non se atopou|Heb ganfod y dudalen|Níor aimsíodh|Bladsy nie gevind nie
Ukurasa haupatikani|Halaman tidak ditemukan|Masuk
Halaman tidak dijumpai|Hindi nahanap|Không tìm thấy trang|Đăng nhập
ไม่พบหน้า|เข้าสู่ระบบ|الصفحة غير موجودة|تسجيل الدخول|صفحه یافت نشد
ورود|صفحہ نہیں ملا|הדף לא נמצא|התחברות|पृष्ठ नहीं मिला
পাওয়া যায়নি|გვერდი ვერ მოიძებნა|Էջը չի գտնվել|페이지를 찾을 수 없습니다
로그인|找不到页面|登录|ページが見つかりません|ログイン
"""
_OTHERS = """
Search results|Most popular|Latest files|Trash|Recycle bin|Quarantine|Upload log|Shared with you|Favourites
Versions of report.doc|Server statistics|Your cart
Fehlgeschlagene Uploads|Beliebteste Dateien|Papierkorb|Suchergebnisse
Les plus téléchargés|Corbeille|Favoris|Más descargados|Papelera|Mais baixados|Lixeira|I più scaricati|Cestino
Zoekresultaten|Prullenbak|Sökträffar|Papperskorg|Søkeresultater|Søgeresultater|Hakutulokset|Leitarniðurstöður
Wyniki wyszukiwania|Najpopularniejsze|Kosz|Výsledky hledání|Koš|Výsledky vyhľadávania|Keresési találatok|Lomtár
Rezultatele căutării|Резултати|Самые популярные|Результаты поиска|Корзина|Пошук|Кошик|Rezultati pretraživanja
Rezultati iskanja|Αποτελέσματα αναζήτησης|Δημοφιλή|Arama sonuçları|En çok indirilenler|Çöp kutusu|Axtarış
Otsingutulemused|Meklēšanas rezultāti|Paieškos rezultatai
Bilaketaren emaitzak|Més descarregats|Chwilio|Soekresultate
Hasil pencarian|Hasil carian|Kết quả tìm kiếm|Thùng rác|ผลการค้นหา|ถังขยะ|نتائج البحث|سلة المحذوفات|نتایج جستجو
תוצאות חיפוש|סל מיחזור|खोज परिणाम|ძიება|Որոնում|검색 결과
휴지통|热门下载|回收站|搜索结果|人気ダウンロード|ゴミ箱|検索結果
"""
_PLAIN = """
Acme archive of software|Debian CD images|Linux kernel sources|Open data of the city of Ghent|Papers and slides
Villa Borghese photographs|Errors-in-variables models, data
Topology course|Searchlight pictures|Newsletters of 1998
Mostly harmless software|Loginov, collected papers|Terrorbird ROM dumps|Kosovo maps|Hatay province, aerial images
Entrare in classe, dispense|Cartography|Statements of account
KUKA robot firmware|Haku core releases|FEL radiation data
Missingno sprites|Fachbereich Mathematik, Skripte|Bibliothèque de cartes
Biblioteka nagrań|Архив журналов|Кафедра физики
Αρχείο εφημερίδων 1950|ספריית מפות|أرشيف الصحف|آرشیو روزنامه
新聞縮刷版|地図データ|한국 지도 자료|แผนที่ประเทศไทย|Bản đồ Việt Nam
"""
_OWN = """
Index|Directory contents|List of files|Verzeichnis|Dateien|Fichiers|Archivos|Arquivos|Elenco|Bestanden|Filer|Pliki
Soubory|Súbory|Fájlok|Fișiere|Файлове|Файлы|Файли|Datoteke
Αρχεία|Dosyalar|Failid|Faili|Failai|Tiedostot|Berkas|Thư mục
ไฟล์|محتويات|فهرس|لیست|קבצים|फ़ाइलें|파일|文件夹|檔案|ファイル一覧
"""


def lines(text: str) -> list[str]:
    return [each for line in text.strip().splitlines() for each in line.split("|")]


@pytest.mark.parametrize("change", [str, str.upper, "{} | Acme".format, "Acme: {}".format, "«{}»".format])
def test_titles_of_errors_and_logins_are_known(change: object) -> None:
    assert callable(change)
    unknown = [text for text in lines(_ERRORS) if not ERROR.are_in(change(text))]
    assert unknown == []


@pytest.mark.parametrize("change", [str, "{} | Acme".format, "Acme: {}".format, "«{}»".format])
def test_titles_of_pages_for_another_purpose_are_known(change: object) -> None:
    assert callable(change)
    assert [text for text in lines(_OTHERS) if not OTHER.are_in(change(text))] == []


def test_other_titles_say_nothing_of_it() -> None:
    assert [text for text in lines(_PLAIN) if ERROR.are_in(text) or OTHER.are_in(text)] == []


def test_words_that_say_only_that_files_are_listed() -> None:
    assert [text for text in lines(_OWN) if any(map(str.isalpha, OWN.without(text)))] == []
    assert all(any(map(str.isalpha, OWN.without(text))) for text in lines(_PLAIN))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Home", True), ("Homes", False), ("Go back", True), ("Back to the shop", True), ("Zurück", True),
        ("Retour", True), ("Назад", True), ("返回", True), ("戻る", True), ("뒤로", True), ("Kembali", True),
        ("Parent Directory", False), ("Up", False), ("pub", False), ("", False),
    ],
)  # fmt: skip
def test_which_labels_lead_home_or_back(text: str, *, expected: bool) -> None:
    assert HOME.are(text) is expected
