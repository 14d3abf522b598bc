"""The language of a text, guessed by its letters and its small words; unsure is empty.

Letters tell alphabets apart, and neighbours within one: ы is not Ukrainian, ї not Russian. Words
that every text is full of tell the rest. Where both are silent, chardet is asked, whose opinion
counts only for a text of some length and within the same alphabet.
"""

from __future__ import annotations

import re
from collections import Counter

import chardet

_SAMPLE_LETTERS = 4000
_IN_LINKS = ("://", "@", "www.")
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)*+")
# A guess must rest on so many points, and be so many times the runner-up's; fewer will do if the
# runner-up is far behind.
_LEAST_POINTS, _TIMES = 2.0, 1.35
_LEAST_POINTS_ALONE, _TIMES_ALONE = 1.3, 2.0
# Letters of which chardet may judge; below, its opinion is chance. Words must speak for it too.
_JUDGED_LETTERS = 30
_BELIEVED_POINTS = 0.5

# Alphabets of one language each, or as good as; the ranges of their letters.
_ALPHABETS = (
    ("cyrillic", re.compile("[\u0400-\u052f]")),
    ("latin", re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ko", re.compile("[\u1100-\u11ff\uac00-\ud7af]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)
_PERSIAN = re.compile("[پچژگ]")

# Letters that only some languages have: each says so much for these and against the others.
_LETTERS = {
    "cyrillic": {
        "ru": "ыэёъ", "uk": "іїєґ", "be": "іўыэё", "bg": "ъ", "sr": "ђјљњћџ", "mk": "ѓѕјљњќџ",
        "kk": "әғқңөұүһіыэ", "tt": "әөүҗңһыэ", "ky": "ңөүыэ", "tg": "ғӣқӯҳҷэъё",
    },
    "latin": {
        "de": "äöüß", "fr": "éèêàâçùûîïôëœ", "es": "ñáéíóú", "it": "àèéìòù", "pt": "ãõçáéíóúâêô",
        "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "tr": "çğıöşüâ",
        "az": "əçğıöşü", "ro": "ăâîșțşţ", "hu": "áéíóöőúüű", "sv": "åäöé", "fi": "äö", "da": "æøå",
        "no": "æøå", "nl": "éë", "et": "äöõüšž", "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž",
        "hr": "čćđšž", "sl": "čšž", "uz": "", "en": "", "id": "",
        "vi": "ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ",
    },
}  # fmt: skip
# Small words, and words that short letters of business are made of.
_WORDS = {
    "ru": """
        и в во не на я быть что он с со как это по но они к ко у за из мы от для вы о об или если
        уже только его её ее вам вас нам нас мой ваш ваша ваше ваши наш наша просим при есть был
        была были будет чтобы так также здравствуйте привет добрый день уважением уважаемый
        уважаемые пожалуйста спасибо счёт счет оплату оплата оплаты оплатить заказ заказа заказы
        письмо письме договор документы акт сверки накладная срочно доставка доставки цены
        скидка скидки заявка коллеги вопрос ответ сегодня завтра рублей руб получить подписка
        отписаться отправили сообщение ваших можно нужно нет да тест товар товары сайт сайте
        магазин прошу выслать пришлите код пароль июль июня июля января февраля мая августа сентября
        октября ноября декабря
    """,
    "uk": """
        і й та в у не на я бути що він з зі із як це по але вони до за ми від для ви про або якщо
        вже тільки його її вам вас нам нас мій ваш ваша ваше ваші наш просимо при є був була були
        буде щоб так також вітаю вітаємо доброго дня добрий день привіт повагою шановний шановні
        будь ласка дякую дякуємо рахунок оплату оплата замовлення лист договір документи акт
        терміново доставка ціни знижка знижки колеги питання сьогодні завтра гривень грн отримати
        підписка відписатися повідомлення можна потрібно немає ні тест товар липень липня січня
        лютого березня квітня травня червня серпня вересня жовтня листопада грудня надсилаємо
    """,
    "be": """
        і й ў у не на я быць што ён з са як гэта па але яны да за мы ад для вы пра або калі ўжо
        толькі яго яе вам вас нам нас мой ваш ваша просім пры ёсць быў была былі будзе каб так
        таксама вітаю добры дзень прывітанне павагай шаноўны шаноўныя калі ласка дзякуй рахунак
        аплату аплата замова заказ ліст дагавор дакументы тэрмінова дастаўка цэны зніжка сёння
        заўтра рублёў атрымаць паведамленне можна трэба няма ліпень
    """,
    "bg": """
        и в във не на аз съм да че той с със как това по но те към у за от ние вие или ако вече
        само му си се ще е са бъде беше имате може моля здравейте здравей добър ден поздрави
        уважаеми благодаря благодарим фактура фактурата плащане поръчка поръчката писмо договор
        документи спешно доставка цени отстъпка отстъпки колеги въпрос днес утре лева лв получите
        съобщение ви ни ги го при юли за януари февруари трябва нашата вашата вашия нашия който
    """,
    "sr": "и у не на сам да је он с са као то по али они к за од ми ви или ако већ само се су ће"
    " би бити хвала здраво поштовани рачун плаћање ваш наш молимо који која није",
    "mk": "и во не на сум да е тој со како тоа по но тие кон за од ние вие или ако веќе само се"
    " ќе биде ви благодарам здраво почитувани фактура вашата нашата кој која",
    "kk": "және мен бен үшін бұл деп емес бар жоқ сіз біз ол сәлеметсіз құрметті рахмет төлем",
    "tt": "һәм белән өчен бу түгел бар юк сез без ул исәнмесез рәхмәт",
    "ky": "жана менен үчүн бул эмес бар жок сиз биз ал саламатсызбы рахмат",
    "tg": "ва дар аз ба ки бо барои ин шумо мо салом ташаккур",
    "en": """
        the and of to in is you that it for on are as with his they be at this have from or by not
        but what all we your can an our please find attached hello hi dear regards best thanks
        thank invoice payment order delivery price urgent will would if has was were i me my there
        here no yes do does free offer click unsubscribe today tomorrow meeting see let know any
        re been their more about us kind code account password message
    """,
    "de": """
        der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an
        werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über so zum haben
        wir ihre ihr ihnen ihren unsere unser ich guten tag hallo sehr geehrte geehrter herr frau
        grüßen grüße freundlichen mit bitte danke rechnung zahlung bestellung lieferung preis
        dringend anbei oder wenn kann heute morgen
    """,
    "fr": """
        le la les de des du et à en un une est que qui dans pour pas au sur ne se ce il elle sont
        avec par plus nous vous votre vos notre nos je mon ma mes bonjour madame monsieur merci
        cordialement facture paiement commande livraison prix urgent veuillez trouver ci joint
        ou si peut être aujourd'hui demain d'une l'offre c'est j'ai qu'il aux cette
    """,
    "es": """
        el la los las de del y a en un una es que por para con no se su al lo como más pero sus le
        ya o este sí porque esta son nos nuestro nuestra usted ustedes hola buenos días gracias
        saludos saludo estimado estimada factura pago pedido entrega precio urgente adjunto le si
        muy hoy mañana está enviamos mi tu
    """,
    "it": """
        il lo la i gli le di del della dei delle e a in un una è che per con non si su al come più
        ma da dal alla nel nella sono ci nostro nostra vostro vostra lei buongiorno ciao salve
        grazie saluti cordiali gentile fattura pagamento ordine consegna prezzo urgente allegato
        trova questo questa anche o se oggi domani inviamo mi
    """,
    "pt": """
        o a os as de do da dos das e em um uma é que por para com não se no na nos nas ao como mais
        mas seu sua são você vocês nosso nossa olá bom dia obrigado obrigada atenciosamente
        cumprimentos fatura pagamento encomenda pedido entrega preço anexo hoje amanhã está
    """,
    "pl": """
        i w we nie na ja być że on z ze jak to po ale oni do za my od dla wy o lub jeśli już tylko
        jego jej się jest są będzie dzień dobry witam cześć pozdrawiam poważaniem szanowny
        szanowni proszę dziękuję dziękujemy faktura fakturę płatność zamówienie dostawa cena pilne
        załączniku przesyłamy państwa pan pani oraz przez który która
    """,
    "cs": "a v ve ne na já být že on s se jak to po ale k za my od pro vy o nebo jestli už jen jeho"
    " je jsou bude dobrý den ahoj pozdravem vážený prosím děkuji děkujeme faktura fakturu platba"
    " objednávka dodání cena příloze zasíláme vám vás nás si",
    "sk": "a v vo nie na ja byť že on s so sa ako to po ale k za my od pre vy o alebo ak už len"
    " jeho je sú bude dobrý deň ahoj pozdravom vážený prosím ďakujem ďakujeme faktúra faktúru"
    " platba objednávka prílohe zasielame vám vás nás",
    "tr": """
        ve bir bu da de için ile ben sen o biz siz ne var yok değil çok daha gibi kadar olarak olan
        mi ama veya ya merhaba sayın iyi günler teşekkürler teşekkür ederim ederiz saygılarımla
        saygılarımızla lütfen fatura faturanız faturası ödeme sipariş siparişiniz teslimat fiyat
        acil ektedir bugün yarın
    """,
    "az": "və bir bu da də üçün ilə mən sən biz siz nə var yox deyil çox kimi hörmətlə salam"
    " təşəkkür zəhmət olmasa ödəniş sifariş",
    "ro": "și de la în cu pe nu un o este sunt că pentru din mai vă ne noi bună ziua mulțumesc"
    " factura plata comanda stimate atașat",
    "hu": "a az és nem hogy egy is van de meg ez csak kell vagy mint jó napot tisztelt köszönöm"
    " üdvözlettel számla fizetés rendelés önnek mellékelten",
    "nl": """
        de het een en van in is dat op te zijn met voor niet aan er om ook als maar bij uit door
        naar wij we u uw onze ik je hallo beste geachte vriendelijke groet groeten bedankt dank
        factuur betaling bestelling levering prijs bijlage hierbij graag of vandaag morgen
    """,
    "sv": "och i att det som en på är av för med den till inte har de ett om vi ni er vår jag hej"
    " tack hälsningar vänliga faktura betalning beställning leverans pris bifogat",
    "da": "og i at det som en på er af for med den til ikke har de et om vi jer vores jeg hej tak"
    " hilsen venlig faktura betaling ordre levering pris vedhæftet",
    "no": "og i at det som en på er av for med den til ikke har de et om vi dere vår jeg hei takk"
    " hilsen vennlig faktura betaling ordre levering pris vedlagt",
    "fi": "ja on ei että se hän olla oli ovat myös kun niin mutta tai joka me te hei kiitos"
    " terveisin ystävällisin lasku maksu tilaus toimitus hinta liitteenä",
    "et": "ja on ei et see ta oli ka kui aga või mis me te tere aitäh lugupidamisega arve tellimus",
    "lv": "un ir nav ka ar no uz par bet vai kas mēs jūs labdien paldies cieņu rēķins pasūtījums",
    "lt": "ir yra ne kad su iš į apie bet ar kas mes jūs laba diena ačiū pagarbiai sąskaita"
    " užsakymas",
    "hr": "i u ne na sam da je on s sa kao to po ali oni k za od mi vi ili ako već samo se su će"
    " biti hvala poštovani dobar dan račun plaćanje vaš naš molimo",
    "sl": "in v ne na sem da je on s z kot to po ali oni k za od mi vi ali če že samo se so bo"
    " hvala spoštovani dober dan račun plačilo vaš naš prosimo",
    "uz": "va bu bir uchun bilan men sen biz siz emas bor yo'q salom rahmat hurmatli to'lov",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya anda kami terima"
    " kasih pembayaran pesanan",
    "vi": "và của là có không cho được trong một các người này với đã tôi chúng bạn cảm"
    " ơn xin chào",
}
_MEANING: dict[str, list[str]] = {}
for _language, _listed in _WORDS.items():
    for _word in dict.fromkeys(_listed.split()):
        _MEANING.setdefault(_word, []).append(_language)


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language of a text, such as ru or en; empty if unsure.

    Looks at the first 4,000 letters, links and addresses left out. Of a text in two languages,
    the one that more of it is in. Costs a millisecond at most.
    """
    words = text[:_SAMPLE_LETTERS].split()
    sample = " ".join([word for word in words if not any(mark in word for mark in _IN_LINKS)])
    alphabet, letters = _alphabet(sample)
    if alphabet not in _LETTERS:
        return alphabet
    points = _points(sample.lower(), alphabet)
    ranked = sorted(points, key=points.__getitem__, reverse=True)[:2]
    best, second = ranked[0], points[ranked[1]] if len(ranked) > 1 else 0.0
    if points[best] >= max(_LEAST_POINTS, second * _TIMES):
        return best
    if points[best] >= max(_LEAST_POINTS_ALONE, second * _TIMES_ALONE):
        return best
    if letters < _JUDGED_LETTERS:
        return ""
    opinion = chardet.detect(sample.encode("utf-8", "replace"))["language"] or ""
    believed = points.get(opinion, 0.0)
    return opinion if believed >= _BELIEVED_POINTS and believed * _TIMES >= points[best] else ""


def _alphabet(sample: str) -> tuple[str, int]:
    """Return the alphabet of most letters and their number; empty without three of them."""
    counts = {name: len(letters.findall(sample)) for name, letters in _ALPHABETS}
    # Han letters are Japanese where kana stand between them; one says as much as several letters.
    if counts["ja"] * 5 > counts["zh"]:
        counts["ja"] += counts["zh"]
        counts["zh"] = 0
    for name in ("zh", "ja", "ko"):
        counts[name] *= 3
    best = max(counts, key=counts.__getitem__)
    if counts[best] < 3:
        return "", 0
    if best == "ar" and _PERSIAN.search(sample):
        best = "fa"
    return best, counts.get(best, 0)


def _points(sample: str, alphabet: str) -> dict[str, float]:
    """Count for each language of an alphabet what speaks for it, less what speaks against it.

    A word says the more the fewer languages it belongs to, and a repeated one little more.
    """
    letters = _LETTERS[alphabet]
    points = dict.fromkeys(letters, 0.0)
    words = Counter(_WORD.findall(sample))
    total = sum(words.values())
    for word, times in words.items():
        meant = [language for language in _MEANING.get(word, ()) if language in points]
        for language in meant:
            points[language] += min(times, 3) / len(meant)
    special = Counter(letter for letter in sample if letter in _SPECIAL[alphabet])
    for letter, times in special.items():
        weight = min(times, 3, 1 + total / 10)
        having = _SPECIAL[alphabet][letter]
        for language in points:
            points[language] += weight / len(having) if language in having else -weight
    return points


_SPECIAL = {
    alphabet: {
        letter: [language for language, own in languages.items() if letter in own]
        for letter in "".join(languages.values())
    }
    for alphabet, languages in _LETTERS.items()
}
