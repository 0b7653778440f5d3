"""The words of titles by language: one table for what a page says that it is, other than a listing, and for a listing.

Words are separated by ``|`` and are regular expressions. They are whole words; with ``~`` at an end, they
may go on there. None may be the name of what a healthy listing shows: the names of its directory are taken out before.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from crawler.model.struct import Value
from crawler.text.patterns import pattern


class _Language(Value, frozen=True):
    """The words of a language in small letters."""

    error: str = ""
    """Not found, denied, out of order, and the login."""
    other: str = ""
    """Searches, the most popular or newest files, what was deleted or is shared, statistics."""
    own: str = ""
    """What says nothing but that files are listed."""
    home: str = ""
    """The labels of links home and back."""


_LANGUAGES = (
    _Language(  # English
        error="40[0-9]|50[0-9]|~not found~|~forbidden~|~unauthori[sz]ed~|~access denied~|error|log[- ]?in"
              "|sign[- ]?in|sign[- ]?on|sign[- ]?up|~bad gateway~|~unavailable~|~captive~|~captcha~|wi-?fi"
              "|~just a moment~|~checking your browser~|~not a bot~|~not a robot~|~are you human~|~are you a human~"
              "|~are you a robot~|~are you robot~|oops|~does not exist~|missing|outage|blocked|~exceeded~|subscribe"
              "|~we have moved~|~maintenance~",
        other="usage|change|changes|changelog|changed|diff|differences|~release notes~|deleted|removed|trash"
              "|recycle bin|quarantined?|upload log|uploads? history|search|results?|matches|coverage|tests? report"
              "|builds? report|tests? results?|builds? results?|top|most|recent|recently|latest|trending|popular"
              "|cart|basket|site ?map|inbox|news|welcome|partial|shared with|shared by|favou?rites|starred"
              "|versions of|revisions of|history of|failed|~statisti[cks]~",
        own="(?:auto)?index|directory|directories|folders?|list|lists|listing|contents?|files?|names?|path"
              "|browse[rs]?|explorer|manager|servers?|repository|repositories|repo|mirrors?|downloads?|home|root"
              "|public|pub|ftp|https?|cdn|static|shared?|storage|data|main|my|our|the|of|in|at|on|for|all|and|to"
              "|from|simple|packages?",
        home="home ?(?:page)?|main(?: page)?|start|back|go back|return|back to .{1,40}"),
    _Language(  # German
        error="fehler|~nicht gefunden~|~verweigert~|~gesperrt~|~wartung~|~anmeld~|~einlogg~|nicht verfügbar",
        other="~statistik~|~änderungen~|~papierkorb~|~suchergebnis~|suche|~warenkorb~|~posteingang~|beliebt~|neueste"
              "|zuletzt|meistgeladen~|am häufigsten|fehlgeschlagen~|favoriten|für dich freigegeben|versionen von",
        own="verzeichnis(?:se)?|inhalt|dateien|ordner|von|liste", home="startseite|zurück"),
    _Language(  # French
        error="erreur|~introuvable~|~non trouv~|~refusé~|~interdit~|~connexion~|en maintenance|indisponible"
              "|s'identifier",
        other="statistiques|~corbeille~|~résultats~|recherche|panier|les plus|plus téléchargés|récents?|favoris"
              "|partagés? avec", own="fichiers?|répertoires?|dossiers?|liste|de|du|des|la|le|contenu",
        home="accueil|retour"),
    _Language(  # Spanish
        error="~no encontrad~|~denegado~|~mantenimiento~|~iniciar sesi~|no disponible|no existe",
        other="~estad[ií]sticas~|~papelera~|~resultados~|búsqueda|carrito|más descargad~|más popular~|recientes"
              "|favoritos|compartidos? con", own="archivos?|directorios?|carpetas?|listado|índice|contenido|del",
        home="inicio|volver|atrás"),
    _Language(  # Portuguese
        error="erro|~não encontrad~|~negado~|~manutenção~|entrar|iniciar sessão|fazer login|indisponível",
        other="~lixeira~|reciclagem|pesquisa|mais baixad~|mais descarregad~|mais popular~|favoritos"
              "|compartilhad~ com|partilhad~ com|estatísticas", own="arquivos?|ficheiros?|pastas?|lista|do|conteúdo",
        home="início|voltar"),
    _Language(  # Italian
        error="errore|~non trovat~|~negato~|~manutenzione~|accedi|non disponibile",
        other="~cestino~|~risultati~|ricerca|carrello|più scaricat~|più popolar~|recenti|preferiti"
              "|condivis[ioea] con|statistiche", own="elenco|cartell[ae]|indice|di|contenuto", home="indietro"),
    _Language(  # Dutch
        error="fout|~niet gevonden~|~geweigerd~|~onderhoud~|~inloggen~|aanmelden|niet beschikbaar",
        other="~zoekresulta~|zoeken|~prullen(?:bak|mand)~|populair~|meest gedownload~|recent~|favorieten|gedeeld met"
              "|winkelwagen|statistieken", own="bestanden|mappen|map|inhoud|lijst|van", home="terug"),
    _Language(  # Swedish
        error="~hittades inte~|~hittas inte~|~nekad~|~underhåll~|~logga in~|inloggning|ett fel",
        other="sökträff~|sökresultat|sök|papperskorg~|mest nedladdade|populär~|senaste|favoriter|delat med|kundvagn"
              "|statistik", own="filer|mapp|mappar|innehåll|katalog", home="hem|tillbaka|startsida"),
    _Language(  # Norwegian
        error="~ikke funn?et~|~nektet~|vedlikehold|logg inn|innlogging|feil",
        other="søkeresultat~|søk|papirkurv~|mest nedlastede|populær~|nyeste|favoritter|delt med|handlekurv"
              "|statistikk", own="filer|mapper|innhold|mappe", home="hjem|tilbake|startside"),
    _Language(  # Danish
        error="blev ikke fundet|findes ikke|fejl|vedligeholdelse|log på|log ind|adgang nægtet",
        other="søgeresultat~|søgning|søg|papirkurv~|mest downloadede|seneste|favoritter|indkøbskurv|statistik",
        own="filer|mapper|indhold|mappe", home="tilbage|forside|forsiden"),
    _Language(  # Finnish
        error="~ei löydy~|ei löytynyt|virhe|kirjaudu~|sisäänkirjautuminen|huoltokatko|pääsy estetty",
        other="hakutulo~|roskakori|ladatuimmat|suosituimmat|viimeisimmät|suosikit|ostoskori|tilastot",
        own="tiedostot|kansio|kansiot|hakemisto|hakemiston|sisältö", home="etusivu|takaisin|koti"),
    _Language(  # Icelandic
        error="fannst ekki|finnst ekki|villa kom upp|innskráning|skrá inn|aðgangi hafnað",
        other="leitarniðurstöður|leit|ruslakarfa|vinsælast~|nýjast~", own="skrár|mappa|möppur|innihald",
        home="heim|til baka"),
    _Language(  # Polish
        error="błąd|~nie znaleziono~|~odmowa~|~konserwacja~|~zaloguj~|logowanie|niedostępn~",
        other="~wyniki~|wyszukiwani~|szukaj|kosz|kosza|najpopularniejsz~|najczęściej|ostatnio|najnowsze|ulubione"
              "|udostępnione|koszyk|statystyki", own="plik(?:i|ów)|katalog(?:u)?|folder|foldery|zawartość|lista",
        home="główna|strona główna|wstecz|powrót"),
    _Language(  # Czech
        error="chyba|~nenalezen~|přihlášení|přihlásit~|přístup odepřen|nedostupn~|údržba",
        other="výsledky|vyhledávání|hledání|koš|koše|nejoblíbenější|nejstahovanější|nejnovější|oblíbené|sdíleno"
              "|košík|statistiky", own="soubory|složka|složky|adresář|adresáře|obsah|seznam", home="domů|úvod|zpět"),
    _Language(  # Slovak
        error="~nenašla~|~nenašiel~|nenájden~|prihlásenie|prihlásiť~|prístup odmietnutý|údržba",
        other="výsledky vyhľadávania|vyhľadávanie|hľadanie|kôš|najobľúbenejšie|najsťahovanejšie|najnovšie|obľúbené"
              "|štatistiky", own="súbory|priečinok|adresár|adresára|obsah|zoznam", home="domov|späť"),
    _Language(  # Hungarian
        error="~nem található~|hiba|bejelentkezés|belépés|hozzáférés megtagadva|karbantartás",
        other="keresési találatok|találatok|keresés|lomtár|legnépszerűbb~|legtöbbet letöltött|legújabb~|kedvencek"
              "|kosár|statisztika", own="fájlok|mappa|mappák|könyvtár|tartalma|lista",
        home="főoldal|kezdőlap|vissza"),
    _Language(  # Romanian
        error="nu a fost găsit~|nu există|eroare|autentificare|conectare|acces interzis|mentenanță",
        other="rezultatele|rezultate|căutare|căutării|coș|coșul|coș de gunoi|cele mai|recente|favorite|statistici",
        own="fișiere|dosar|dosare|director|directorul|directorului|conținut|conținutul|listă", home="acasă|înapoi"),
    _Language(  # Bulgarian
        error="не е намерен~|~ненамерен~|грешка|вход|достъпът е отказан|поддръжка",
        other="резултати|търсене|кошче|най-популярни|най-теглени|последни|любими|статистика",
        own="файлове|папка|папки|директория|съдържание|списък", home="начало|назад"),
    _Language(  # Russian
        error="~ошибк~|~не найден~|~запрещ~|~технические работы~|~обслуживани~|~недоступ~|~авториз~|вход|войти"
              "|страница не существует",
        other="~статистик~|~изменени~|~корзин~|~результат~|поиск|популярн~|самые|последние|недавн~|избранное"
              "|доступные мне", own="файл(?:ы|ов)?|каталог|каталога|содержимое|индекс|список|папк[аи]",
        home="главная|назад|на главную|домой"),
    _Language(  # Ukrainian
        error="не знайден~|помилка|увійти|вхід|доступ заборонено|недоступн~|технічні роботи",
        other="пошук|пошуку|результати|кошик|популярн~|найпопулярніш~|останні|нещодавн~|вибране|обране|статистика",
        own="файли|файлів|каталог|каталогу|тека|папка|вміст|список", home="головна|на головну"),
    _Language(  # Belarusian, Serbian, Macedonian
        error="не знойдзен~|памылка|увайсці|уваход|није пронађен~|грешка|пријава|пријавите се|не е пронајден~|најава",
        other="пошук|вынікі|сметніца|претрага|резултати|отпад|најпопуларниј~|пребарување|најпопуларни",
        own="файлы|датотеке|фасцикла|садржај|датотеки|папка|содржина", home="галоўная|почетна|дома|назад"),
    _Language(  # Croatian, Bosnian, Serbian in Latin letters
        error="nije pronađen~|greška|prijava|prijavite se|pristup odbijen|nedostupno|održavanje",
        other="rezultati|pretraživanje|pretraga|smeće|otpad|koš za smeće|najpopularnij~|najnovije|favoriti|košarica"
              "|statistika", own="datoteke|mapa|mape|sadržaj|popis|direktorij", home="početna|natrag|nazad"),
    _Language(  # Slovene
        error="ni najden~|ni mogoče najti|napaka|prijava|dostop zavrnjen|vzdrževanje",
        other="rezultati iskanja|iskanje|najbolj priljubljen~|najnovejše|priljubljene|košarica|statistika",
        own="datoteke|mapa|imenik|vsebina|seznam", home="domov|nazaj"),
    _Language(  # Albanian
        error="nuk u gjet~|gabim|hyrje|identifikohu|hyni",
        other="rezultatet|kërkimi|kërko|koshi|më të shkarkuarat|më të njohurat",
        own="skedarë|skedarët|dosja|përmbajtja", home="kryefaqja|mbrapa"),
    _Language(  # Greek
        error="δεν βρέθηκε|δεν υπάρχει|σφάλμα|σύνδεση|είσοδος|απαγορεύεται|μη διαθέσιμ~|συντήρηση",
        other="αποτελέσματα|αναζήτηση~|κάδος|κάδος ανακύκλωσης|δημοφιλ~|πρόσφατα|αγαπημένα|καλάθι|στατιστικά",
        own="αρχεία|αρχείων|φάκελος|φακέλου|κατάλογος|περιεχόμενα|του|της|λίστα", home="αρχική|πίσω"),
    _Language(  # Turkish
        error="hata|~bulunamadı~|giriş yap~|oturum aç~|erişim engellendi|bakım",
        other="arama|arama sonuçları|sonuçlar|sonuçları|çöp|çöp kutusu|geri dönüşüm kutusu|en çok|en popüler|popüler"
              "|son eklenenler|favoriler|sepet|sepetim|istatistikler",
        own="dosya|dosyalar|klasör|klasörler|dizin|dizini|içeriği|liste", home="ana ?sayfa|geri|geri dön"),
    _Language(  # Azerbaijani, Uzbek, Kazakh
        error="tapılmadı|xəta|daxil ol|topilmadi|xato|kirish|табылмады|қате|кіру",
        other="axtarış|axtarış nəticələri|zibil qutusu|qidiruv|qidiruv natijalari|savat|іздеу|іздеу нәтижелері|себет",
        own="fayllar|qovluq|papka|файлдар|қалта", home="ana səhifə|bosh sahifa|басты бет|geri|orqaga|артқа"),
    _Language(  # Estonian
        error="ei leitud|ei leidu|tekkis viga|logi sisse|sisselogimine|ligipääs keelatud",
        other="otsingutulemused|otsing|prügikast|populaarse~|viimased|lemmikud",
        own="failid|kaust|kaustad|kataloog|sisu", home="avaleht|tagasi"),
    _Language(  # Latvian
        error="nav atrast~|kļūda|pieslēgties|ielogoties|ieiet|pieteikšanās|piekļuve liegta",
        other="meklēšana|meklēšanas rezultāti|atkritne|populārāk~|jaunāk~|izlase",
        own="faili|mape|mapes|saturs|saraksts", home="sākums|sākumlapa|atpakaļ"),
    _Language(  # Lithuanian
        error="nerast~|klaida|prisijungti|prisijungimas|prieiga uždrausta",
        other="paieška|paieškos rezultatai|šiukšliadėžė|šiukšlinė|populiariaus~|naujausi|mėgstam~",
        own="failai|aplankas|aplankai|katalogas|turinys", home="pradžia|pradinis|atgal"),
    _Language(  # Basque, Catalan, Galician
        error="ez da .{0,30}aurkitu|ez da existitzen|errorea|hasi saioa|no s'ha trobat|no trobad~|inicia la? ?sessió"
              "|accés denegat|non se atopou|non atopad~|iniciar sesión",
        other="bilaketa|bilaketaren emaitzak|zakarrontzia|resultats|paperera|més descarregats|més populars|busca"
              "|máis descargad~", own="fitxategiak|karpeta|fitxers|fitxer|carpeta|contingut|ficheiros|cartafol",
        home="hasiera|atzera|inici|enrere|torna"),
    _Language(  # Welsh, Irish
        error="heb ganfod|heb ei ganfod|heb ei chanfod|gwall|mewngofnodi|níor aimsíodh|gan aimsiú|earráid"
              "|logáil isteach", other="canlyniadau|chwilio|mwyaf poblogaidd|torthaí cuardaigh|cuardach|bruscar",
        own="ffeiliau|ffolder|comhaid|fillteán", home="hafan|yn ôl|baile|ar ais"),
    _Language(  # Afrikaans, Swahili
        error="nie gevind~|fout|teken in|meld aan|haipatikani|haupatikani|haikupatikana|hitilafu|ingia",
        other="soekresultate|soek|asblik|gewildste|matokeo ya utafutaji|tafuta|utafutaji|tupio",
        own="lêers|gids|inhoud|faili|folda", home="tuis|terug|nyumbani|rudi"),
    _Language(  # Indonesian, Malay
        error="tidak ditemukan|tidak dijumpai|tidak ditemui|kesalahan|galat|ralat|masuk|log masuk|akses ditolak"
              "|pemeliharaan",
        other="hasil pencarian|pencarian|cari|hasil carian|carian|sampah|tong sampah|tempat sampah|terpopuler"
              "|terlaris|paling banyak|paling popular|terbaru|favorit|kegemaran|keranjang|statistik",
        own="berkas|folder|direktori|daftar|isi|dari|fail|senarai|kandungan", home="beranda|kembali|laman utama"),
    _Language(  # Filipino
        error="hindi nahanap|hindi natagpuan|mag-log ?in|mag-sign ?in",
        other="mga resulta|paghahanap|basurahan|pinakasikat", own="mga file", home="bumalik"),
    _Language(  # Vietnamese
        error="không tìm thấy|không tồn tại|lỗi|đăng nhập|truy cập bị từ chối|bảo trì",
        other="kết quả tìm kiếm|kết quả|tìm kiếm|thùng rác|tải nhiều nhất|phổ biến|phổ biến nhất|gần đây|mới nhất"
              "|yêu thích|giỏ hàng|thống kê", own="tệp|tập tin|thư mục|nội dung|danh sách",
        home="trang chủ|quay lại|trở lại"),
    _Language(  # Thai, Lao, Khmer, Burmese: no spaces between words
        error="~ไม่พบ~|~ข้อผิดพลาด~|~เข้าสู่ระบบ~|~ปิดปรับปรุง~|~ปฏิเสธการเข้าถึง~|~ບໍ່ພົບ~|~ເຂົ້າສູ່ລະບົບ~"
              "|~រកមិនឃើញ~|~ចូលគណនី~|~ရှာမတွေ့~|~အကောင့်ဝင်~",
        other="~ผลการค้นหา~|~ค้นหา~|~ถังขยะ~|~ยอดนิยม~|~ดาวน์โหลดมากที่สุด~|~ล่าสุด~|~รายการโปรด~|~สถิติ~|~ຄົ້ນຫາ~"
              "|~ស្វែងរក~|~ရှာဖွေ~", own="~ไฟล์~|~โฟลเดอร์~|~รายการ~|~เนื้อหา~", home="หน้าแรก|กลับ|ย้อนกลับ"),
    _Language(  # Arabic
        error="غير موجود~|لم يتم العثور~|خطأ|تسجيل الدخول|دخول|ممنوع|تم رفض الوصول|صيانة|غير متاح~",
        other="نتائج البحث|نتائج|بحث|البحث|سلة المحذوفات|المحذوفات|سلة المهملات|المهملات|الأكثر~|الأحدث|المفضلة"
              "|سلة التسوق|إحصائيات|احصائيات", own="~فهرس~|~الملفات~|ملفات|المجلد|مجلد|محتويات|قائمة|دليل",
        home="الرئيسية|الصفحة الرئيسية|رجوع|عودة|العودة"),
    _Language(  # Persian, Urdu
        error="یافت نشد|پیدا نشد|خطا|ورود|وارد شوید|دسترسی غیرمجاز|نہیں ملا|نہیں ملی|خرابی|لاگ ان",
        other="نتایج جستجو|جستجو|سطل زباله|سطل بازیافت|محبوب ?ترین|پربازدیدترین|پردانلودترین|جدیدترین|تلاش کے نتائج"
              "|تلاش|ردی کی ٹوکری|مقبول ترین", own="~لیست~|~دایرکتوری~|فایل ?ها|پوشه|محتویات|فائلیں|فولڈر",
        home="خانه|بازگشت|صفحه اصلی|واپس|ہوم"),
    _Language(  # Hebrew
        error="לא נמצא~|לא קיים|שגיאה|התחברות|כניסה|התחבר|הגישה נדחתה|תחזוקה",
        other="תוצאות חיפוש|תוצאות|חיפוש|סל מיחזור|סל המיחזור|אשפה|הפופולריים|הפופולריות|הכי נצפים|הנצפים ביותר"
              "|מועדפים|סל קניות|סטטיסטיקה", own="קבצים|תיקייה|תיקיה|התיקייה|תוכן|רשימת|רשימה",
        home="דף הבית|בית|חזרה|חזור"),
    _Language(  # Hindi, Marathi, Bengali, Tamil, Telugu
        error="नहीं मिला|नहीं मिली|त्रुटि|लॉग ?इन|साइन इन|सापडले नाही|पाया नहीं|পাওয়া যায়নি|ত্রুটি|লগ ?ইন"
              "|காணப்படவில்லை|கிடைக்கவில்லை|பிழை|உள்நுழை~|దొరకలేదు|కనబడలేదు|లోపం|లాగిన్",
        other="खोज परिणाम|खोज|रद्दी|कचरा|सबसे लोकप्रिय|लोकप्रिय|शोध|অনুসন্ধান~|খোঁজার ফলাফল|জনপ্রিয়|ট্র্যাশ|தேடல்~"
              "|குப்பை|వెతుకు~|శోధన~", own="फ़ाइलें|फाइलें|फ़ोल्डर|फ़ोल्डर|निर्देशिका|ফাইল|ফোল্ডার|கோப்புகள்|ఫైళ్ళు",
        home="मुखपृष्ठ|होम|वापस|মূলপাতা|ফিরে যান|முகப்பு|హోమ్"),
    _Language(  # Georgian, Armenian
        error="ვერ მოიძებნა|არ მოიძებნა|შეცდომა|შესვლა|ավտորիզացիա|չի գտնվել|չգտնվեց|սխալ|մուտք",
        other="ძიება|ძიების შედეგები|ნაგვის ყუთი|პოპულარული|որոնում|որոնման արդյունքներ|աղբարկղ",
        own="ფაილები|საქაღალდე|ֆայլեր|թղթապանակ", home="მთავარი|უკან|գլխավոր|հետ"),
    _Language(  # Korean
        error="~오류~|~찾을 수 없~|~거부~|~점검~|~로그인~|~존재하지 않~",
        other="~검색~|~휴지통~|~인기~|~최신~|~최근~|~즐겨찾기~|~장바구니~|~통계~|~공유된~",
        own="~파일~|~목록~|~폴더~|~디렉터리~|~디렉토리~|~내용~|~의~", home="홈|뒤로|돌아가기"),
    _Language(  # Chinese
        error="~错误~|~錯誤~|~找不到~|~未找到~|~拒绝~|~拒絕~|~禁止~|~维护~|~維護~|~登录~|~登入~|~不存在~|~无法访问~"
              "|~無法存取~",
        other="~统计~|~統計~|~回收站~|~資源回收筒~|~回收桶~|~垃圾桶~|~搜索~|~搜尋~|~搜寻~|~购物车~|~購物車~|~热门~"
              "|~熱門~|~最新~|~最近~|~收藏~|~与我共享~",
        own="~目录~|~目錄~|~文件夹~|~資料夾~|~文件~|~檔案~|~列表~|~索引~", home="首页|首頁|返回|主页"),
    _Language(  # Japanese
        error="~エラー~|~見つかりません~|~見つかりませんでした~|~拒否~|~メンテナンス~|~ログイン~|~存在しません~"
              "|~サインイン~",
        other="~検索~|~ゴミ箱~|~ごみ箱~|~人気~|~最新~|~最近~|~お気に入り~|~カート~|~共有アイテム~",
        own="~ファイル~|~一覧~|~ディレクトリ~|~フォルダ~|~の~|~内容~", home="ホーム|戻る|トップ"),
)  # fmt: skip


class Words(Value, frozen=True):
    """The words in one field of all languages."""

    whole: re.Pattern[str]
    """Those that begin where words begin."""
    parts: re.Pattern[str]
    """Those that may be within words."""

    def are_in(self, text: str) -> bool:
        """Whether one of them is in ``text``."""
        small = _small(text)
        return self.whole.search(small) is not None or self.parts.search(small) is not None

    def are(self, text: str) -> bool:
        """Whether ``text`` is one of them."""
        return self.whole.fullmatch(_small(text)) is not None

    def without(self, text: str) -> str:
        """``text`` in small letters, without them."""
        return self.whole.sub(" ", self.parts.sub(" ", _small(text)))


def _words_of(field: Callable[[_Language], str]) -> Words:
    fields = (_small(field(language)) for language in _LANGUAGES)
    words = dict.fromkeys(word for each in fields for word in re.split(r"\|(?![^(]*\))", each) if word)
    whole = "|".join(_ended(word) for word in words if not word.startswith("~"))
    parts = "|".join(_ended(word[1:]) for word in words if word.startswith("~"))
    return Words(pattern(rf"(?<!\w)(?:{whole})"), pattern(parts or "(?!)"))


def _small(text: str) -> str:
    """``text`` in small letters; the two letters i of Turkish are one, as it is not known whether a text is Turkish."""
    return text.lower().replace("i\u0307", "i").replace("\u0131", "i")


def _ended(word: str) -> str:
    return word[:-1] if word.endswith("~") else rf"{word}(?!\w)"


ERROR = _words_of(lambda language: language.error)
OTHER = _words_of(lambda language: language.other)
OWN = _words_of(lambda language: language.own)
HOME = _words_of(lambda language: language.home)
