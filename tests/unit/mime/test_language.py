from __future__ import annotations

import time

import pytest

from bitrixmail.mime.language import language_of


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "Добрый день! Направляем вам счёт за июль, просим оплатить до пятницы."),
        ("uk", "Доброго дня! Надсилаємо вам рахунок за липень, просимо сплатити до п'ятниці."),
        ("be", "Добры дзень! Дасылаем вам рахунак за ліпень, просім аплаціць да пятніцы."),
        ("bg", "Добър ден! Изпращаме ви фактура за юли, моля платете до петък."),
        ("en", "Hello, please find attached our invoice for July. Regards, John"),
        ("de", "Guten Tag, anbei senden wir Ihnen unsere Rechnung für Juli."),
        ("fr", "Bonjour, veuillez trouver ci-joint notre facture de juillet."),
        ("es", "Hola, le enviamos la factura de julio. Un saludo"),
        ("it", "Buongiorno, in allegato trova la nostra fattura di luglio"),
        ("pl", "Dzień dobry, w załączniku przesyłamy fakturę za lipiec"),
        ("tr", "Merhaba, Temmuz ayı faturamız ektedir. Saygılarımızla"),
        ("ru", "Счёт на оплату"),
        ("ru", "Здравствуйте! Прошу выслать прайс"),
        ("ru", "Здравствуйте, когда будет готов мой заказ?"),
        ("ru", "Приветствую. Перезвоните, пожалуйста, по телефону 8 800 555"),
        ("ru", "Коллеги, завтра совещание в 10. Явка обязательна. Best regards, Ivan Petrov, CEO"),
        (
            "ru",
            "Вы выиграли миллион рублей! Перейдите по ссылке http://win.example/english/words/the/and/of",
        ),
        ("ru", "Ваш код подтверждения: 123456. Никому не сообщайте его"),
        ("", "Invoice"),
        ("", "ok"),
        ("", "12345 http://example.com/the/and/of"),
        ("", ""),
        ("", "тест"),
        ("en", "Your verification code is 123456"),
        ("en", "Please review the contract and let me know"),
        ("en", "Hi Anna, see you tomorrow. Bob"),
        ("en", "FREE VIAGRA! Click here to order today"),
        ("de", "Hallo Peter, ich komme morgen später. Gruß, Hans"),
        ("de", "Sehr geehrte Damen und Herren, vielen Dank für Ihre Bestellung"),
        ("fr", "Merci pour votre commande, elle sera livrée demain"),
        ("es", "Gracias por su pedido, llegará mañana"),
        ("it", "Grazie per il suo ordine, arriverà domani"),
        ("pt", "Olá, segue em anexo a fatura do mês de julho. Obrigado"),
        ("pl", "Dziękujemy za zamówienie. Przesyłka zostanie wysłana jutro"),
        ("tr", "Siparişiniz için teşekkür ederiz, ürünleriniz yarın kargoya verilecek"),
        ("uk", "Привіт! Коли буде готове моє замовлення?"),
        ("uk", "Дякуємо за ваше замовлення"),
        ("bg", "Благодарим за вашата поръчка, тя ще бъде доставена утре"),
        ("bg", "Здравейте, кога ще е готова моята поръчка?"),
        ("sr", "Поштовани, у прилогу вам шаљемо рачун за јул"),
        ("kk", "Құрметті әріптестер, төлем шотын жібереміз"),
        ("nl", "Beste klant, bedankt voor uw bestelling. Met vriendelijke groet"),
        ("cs", "Dobrý den, v příloze vám zasíláme fakturu za červenec"),
        ("sv", "Hej, tack för din beställning. Vänliga hälsningar"),
        ("fi", "Hei, kiitos tilauksestasi. Lasku on liitteenä"),
        ("el", "Καλημέρα, σας στέλνουμε το τιμολόγιο"),
        ("zh", "您的订单已发货"),
        ("ja", "注文確認のお知らせ"),
        ("ko", "안녕하세요 주문이 발송되었습니다"),
        ("he", "שלום, מצורפת החשבונית"),
        ("ar", "مرحبا، مرفق لكم الفاتورة"),
        ("fa", "سلام، فاکتور پیوست شده است گرامی"),
        ("vi", "Xin chào, cảm ơn bạn đã đặt hàng"),
        ("hu", "Tisztelt Ügyfelünk, köszönjük rendelését, mellékelten küldjük a számlát"),
        ("", "!!! 12 ???"),
        ("", "αβ 12"),
        ("", "Status of report"),
        ("", "Ivan"),
        ("", "Пушкин"),
        ("", "xkcd qwrt zzxcv bnmasdf qwerty uiop lkjhg"),
    ],
)
def test_short_letters(language: str, text: str) -> None:
    assert language_of(text) == language


def test_links_and_addresses_are_no_words() -> None:
    text = "Счёт на оплату http://the.example/and/of/the/is info@and.example www.the.and.example "
    assert language_of(text * 20) == "ru"


def test_of_two_languages_the_longer_one() -> None:
    russian, english = "Добрый день, высылаем вам счёт. ", "Best regards, your team. "
    assert language_of(russian * 5 + english) == "ru"
    assert language_of(russian + english * 5) == "en"


def test_only_the_start_is_looked_at() -> None:
    assert (
        language_of("Please find the invoice attached. " * 200 + "Привет и спасибо " * 9999) == "en"
    )


@pytest.mark.parametrize("text", ["a" * 4000, "ы" * 4000, "a'" * 2000, "ё-" * 2000, "://" * 999])
def test_no_text_is_slow(text: str) -> None:
    language_of("the tables are read at the first guess of all, if words say too little " * 2)
    taken = []
    for _ in range(3):
        started = time.thread_time()
        language_of(text)
        taken.append(time.thread_time() - started)
    assert min(taken) < 0.03
