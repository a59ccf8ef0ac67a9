//! Toss's organisations and methods: issuers, banks, wallets, gift certificates (Toss enums).
//!
//! Requests may use the two-character code, the Korean name or the English code; answers carry codes for
//! organisations and names for methods.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::Currency;

/// A card company that issues cards.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) code: &'static str,
    pub(crate) ko: &'static str,
    en: &'static str,
    /// Who acquires it: itself, or BC for the banks that have no own network.
    pub(crate) acquirer: &'static str,
    /// The first eight digits of the made-up card number.
    pub(crate) bin: &'static str,
    /// Whether it is an overseas brand: kind and owner of its cards are not known, and a cancel takes everything.
    pub(crate) is_overseas: bool,
}

/// A bank.
#[derive(Debug)]
pub(crate) struct Bank {
    pub(crate) code: &'static str,
    pub(crate) ko: &'static str,
    en: &'static str,
    /// Whether it issues virtual accounts.
    pub(crate) issues_accounts: bool,
}

/// A wallet.
#[derive(Debug)]
pub(crate) struct Wallet {
    pub(crate) code: &'static str,
    pub(crate) ko: &'static str,
    /// Whether it works with a test key.
    pub(crate) in_test: bool,
    /// Whether the buyer can pay a part with points or coupons.
    pub(crate) has_points: bool,
}

/// A wallet of another country.
#[derive(Debug)]
pub(crate) struct Abroad {
    pub(crate) code: &'static str,
    /// The currencies that it pays in.
    pub(crate) currencies: &'static [Currency],
    /// Where the buyer is when the request does not say.
    pub(crate) country: &'static str,
    /// Whether its cancels are only accepted at first, and end later (Toss core API, Cancel, `cancelRequestId`).
    pub(crate) cancels_later: bool,
}

/// A gift certificate.
#[derive(Debug)]
pub(crate) struct Gift {
    pub(crate) code: &'static str,
    pub(crate) ko: &'static str,
}

const fn issuer(
    code: &'static str,
    ko: &'static str,
    en: &'static str,
    acquirer: &'static str,
    bin: &'static str,
) -> Issuer {
    Issuer { code, ko, en, acquirer, bin, is_overseas: false }
}

/// A real overseas payment showed the acquirer 21.
const fn overseas(code: &'static str, ko: &'static str, en: &'static str, bin: &'static str) -> Issuer {
    Issuer { code, ko, en, acquirer: "21", bin, is_overseas: true }
}

/// The first is the default: the documents' example card, issued by 61 and acquired by 31.
static ISSUERS: [Issuer; 31] = [
    issuer("61", "현대", "HYUNDAI", "31", "43301234"),
    issuer("11", "국민", "KOOKMIN", "11", "53651234"),
    issuer("15", "카카오뱅크", "KAKAOBANK", "11", "53651112"),
    issuer("21", "하나", "HANA", "21", "94101234"),
    issuer("24", "토스뱅크", "TOSSBANK", "21", "53651345"),
    issuer("30", "산업", "KDBBANK", "31", "94301234"),
    issuer("31", "비씨", "BC", "31", "94201234"),
    issuer("33", "우리", "WOORI", "31", "53871234"),
    issuer("34", "수협", "SUHYEOP", "31", "94161234"),
    issuer("35", "전북", "JEONBUKBANK", "31", "94221234"),
    issuer("36", "씨티", "CITI", "31", "94111234"),
    issuer("37", "우체국", "POST", "31", "94321234"),
    issuer("38", "새마을", "SAEMAUL", "31", "94441234"),
    issuer("39", "저축", "SAVINGBANK", "31", "94451234"),
    issuer("41", "신한", "SHINHAN", "41", "45181234"),
    issuer("42", "제주", "JEJUBANK", "41", "94501234"),
    issuer("46", "광주", "GWANGJUBANK", "46", "94601234"),
    issuer("51", "삼성", "SAMSUNG", "51", "53101234"),
    issuer("62", "신협", "SHINHYEOP", "31", "94641234"),
    issuer("71", "롯데", "LOTTE", "71", "53671234"),
    issuer("91", "농협", "NONGHYEOP", "91", "94831234"),
    issuer("3A", "케이뱅크", "KBANK", "31", "94671234"),
    issuer("3K", "기업비씨", "IBK_BC", "31", "94311234"),
    issuer("W1", "우리", "WOORI", "W1", "53881234"),
    overseas("3C", "유니온페이", "UNIONPAY", "62221234"),
    overseas("4J", "JCB", "JCB", "35301234"),
    overseas("4M", "마스터", "MASTER", "55101234"),
    overseas("4V", "비자", "VISA", "40121234"),
    overseas("6D", "다이너스", "DINERS", "36201234"),
    overseas("6I", "디스커버", "DISCOVER", "60111234"),
    overseas("7A", "AMEX", "AMEX", "37101234"),
];

const fn bank(code: &'static str, ko: &'static str, en: &'static str, issues_accounts: bool) -> Bank {
    Bank { code, ko, en, issues_accounts }
}

/// The first is the default of transfers and of virtual accounts.
static BANKS: [Bank; 26] = [
    bank("20", "우리", "WOORI", true),
    bank("02", "산업", "KDBBANK", false),
    bank("03", "기업", "IBK", true),
    bank("06", "국민", "KOOKMIN", true),
    bank("07", "수협", "SUHYEOP", true),
    bank("11", "농협", "NONGHYEOP", true),
    bank("12", "단위농협", "LOCALNONGHYEOP", false),
    bank("23", "SC제일", "SC", false),
    bank("27", "씨티", "CITI", false),
    bank("31", "대구", "DAEGUBANK", true),
    bank("32", "부산", "BUSANBANK", true),
    bank("34", "광주", "GWANGJUBANK", true),
    bank("35", "제주", "JEJUBANK", false),
    bank("37", "전북", "JEONBUKBANK", false),
    bank("39", "경남", "KYONGNAMBANK", true),
    bank("45", "새마을", "SAEMAUL", true),
    bank("48", "신협", "SHINHYEOP", false),
    bank("50", "저축", "SAVINGBANK", false),
    bank("54", "HSBC", "HSBC", false),
    bank("64", "산림", "SANLIM", false),
    bank("71", "우체국", "POST", true),
    bank("81", "하나", "HANA", true),
    bank("88", "신한", "SHINHAN", true),
    bank("89", "케이", "KBANK", false),
    bank("90", "카카오", "KAKAOBANK", false),
    bank("92", "토스", "TOSSBANK", false),
];

/// Securities firms, which share the banks' code space as refund accounts: code, Korean and English name.
const SECURITIES: [(&str, &str, &str); 25] = [
    ("S0", "유안타증권", "YUANTA_SECURITES"),
    ("S2", "신한금융투자", "SHINHAN_INVESTMENT"),
    ("S3", "삼성증권", "SAMSUNG_SECURITIES"),
    ("S4", "KB증권", "KB_SECURITIES"),
    ("S5", "미래에셋증권", "MIRAE_ASSET_SECURITIES"),
    ("S6", "한국투자증권", "KOREA_INVESTMENT_AND_SECURITIES"),
    ("S8", "교보증권", "KYOBO_SECURITIES"),
    ("S9", "하이투자증권", "HI_INVESTMENT_AND_SECURITIES"),
    ("SA", "현대차증권", "HYUNDAI_MOTOR_SECURITIES"),
    ("SB", "키움증권", "KIWOOM"),
    ("SD", "SK증권", "SK_SECURITIES"),
    ("SE", "대신증권", "DAISHIN_SECURITIES"),
    ("SG", "한화투자증권", "HANHWA_INVESTMENT_AND_SECURITIES"),
    ("SH", "하나금융투자", "HANA_INVESTMENT_AND_SECURITIES"),
    ("SI", "DB금융투자", "DB_INVESTMENT_AND_SECURITIES"),
    ("SJ", "유진투자증권", "EUGENE_INVESTMENT_AND_SECURITIES"),
    ("SK", "메리츠증권", "MERITZ_SECURITIES"),
    ("SL", "NH투자증권", "NH_INVESTMENT_AND_SECURITIES"),
    ("SM", "부국", "BOOKOOK_SECURITIES"),
    ("SN", "신영증권", "SHINYOUNG_SECURITIES"),
    ("SO", "LIG투자", "LIG_INVESTMENT_AND_SECURITIES"),
    ("SP", "KTB투자증권", "DAOL_INVESTMENT_AND_SECURITIES"),
    ("SQ", "카카오페이증권", "KAKAOPAY_SECURITIES"),
    ("SR", "펀드온라인코리아", "KOREA_FOSS_SECURITIES"),
    ("ST", "토스증권", "TOSS_SECURITIES"),
];

const fn wallet(code: &'static str, ko: &'static str, in_test: bool, has_points: bool) -> Wallet {
    Wallet { code, ko, in_test, has_points }
}

/// The first is the default.
pub(crate) static WALLETS: [Wallet; 9] = [
    wallet("TOSSPAY", "토스페이", true, true),
    wallet("NAVERPAY", "네이버페이", true, true),
    wallet("SAMSUNGPAY", "삼성페이", true, false),
    wallet("APPLEPAY", "애플페이", true, false),
    wallet("LPAY", "엘페이", true, false),
    wallet("SSG", "SSG페이", true, false),
    wallet("PINPAY", "핀페이", true, false),
    wallet("KAKAOPAY", "카카오페이", false, true),
    wallet("PAYCO", "페이코", false, true),
];

const fn abroad(
    code: &'static str,
    currencies: &'static [Currency],
    country: &'static str,
    cancels_later: bool,
) -> Abroad {
    Abroad { code, currencies, country, cancels_later }
}

const WON_OR_DOLLARS: &[Currency] = &[Currency::Krw, Currency::Usd];

/// The first is the default. Which currency each of them takes is documented for `PAYPAL` alone.
pub(crate) static ABROAD: [Abroad; 12] = [
    abroad("PAYPAL", &[Currency::Usd], "US", false),
    abroad("PAYPAY", &[Currency::Jpy, Currency::Krw], "JP", false),
    abroad("ALIPAY", WON_OR_DOLLARS, "CN", true),
    abroad("ALIPAYHK", WON_OR_DOLLARS, "HK", true),
    abroad("GCASH", WON_OR_DOLLARS, "PH", true),
    abroad("TOUCHNGO", WON_OR_DOLLARS, "MY", true),
    abroad("BOOST", WON_OR_DOLLARS, "MY", true),
    abroad("BPI", WON_OR_DOLLARS, "PH", true),
    abroad("BILLEASE", WON_OR_DOLLARS, "PH", true),
    abroad("DANA", WON_OR_DOLLARS, "ID", true),
    abroad("TRUEMONEY", WON_OR_DOLLARS, "TH", true),
    abroad("RABBIT_LINE_PAY", WON_OR_DOLLARS, "TH", true),
];

/// The carriers of mobile-phone payments; only requests name them.
pub(crate) static CARRIERS: [&str; 6] = ["SKT", "KT", "LGU", "HELLO", "KCT", "SK7"];

pub(crate) static GIFTS: [Gift; 3] = [
    Gift { code: "CULTURE_GIFT_CERTIFICATE", ko: "문화상품권" },
    Gift { code: "BOOK_GIFT_CERTIFICATE", ko: "도서문화상품권" },
    Gift { code: "GAME_GIFT_CERTIFICATE", ko: "게임문화상품권" },
];

/// Two names that a package of Toss's own (`@tosspayments/sdk-constants`) spells otherwise than its documents.
fn documented(word: &str) -> &str {
    match word {
        "KDB" => "KDBBANK",
        "SHINHYUP" => "SHINHYEOP",
        other => other,
    }
}

impl Issuer {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        let word = documented(word);
        ISSUERS.iter().find(|issuer| [issuer.code, issuer.ko, issuer.en].contains(&word))
    }

    pub(crate) fn usual() -> &'static Self {
        &ISSUERS[0]
    }

    /// Who issued a card of this number: by its first six digits, as far as the made-up numbers go by its first four.
    pub(crate) fn of_number(number: &str) -> Option<&'static Self> {
        let begins = |digits: usize| {
            ISSUERS
                .iter()
                .find(|issuer| number.get(..digits).is_some_and(|head| issuer.bin.starts_with(head)))
        };
        begins(6).or_else(|| begins(4))
    }
}

impl Bank {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        let word = documented(word);
        BANKS.iter().find(|bank| [bank.code, bank.ko, bank.en].contains(&word))
    }

    pub(crate) fn usual() -> &'static Self {
        &BANKS[0]
    }

    /// The code of the organisation of this name that a refund can go to: any bank, or a securities firm.
    pub(crate) fn of_refund(word: &str) -> Option<&'static str> {
        let firm = || SECURITIES.iter().find(|(code, ko, en)| [*code, *ko, *en].contains(&word));
        Self::find(word).map(|bank| bank.code).or_else(|| firm().map(|(code, ..)| *code))
    }
}

impl Wallet {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        WALLETS.iter().find(|wallet| [wallet.code, wallet.ko].contains(&word))
    }

    pub(crate) fn usual() -> &'static Self {
        &WALLETS[0]
    }
}

impl Abroad {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        ABROAD.iter().find(|wallet| wallet.code == word)
    }

    pub(crate) fn usual() -> &'static Self {
        &ABROAD[0]
    }
}

impl Gift {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        GIFTS.iter().find(|gift| [gift.code, gift.ko].contains(&word))
    }
}

/// In a file of state an organisation is its code.
macro_rules! kept_by_code {
    ($($kind:ident)*) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code)
            }
        }

        impl<'de> Deserialize<'de> for &'static $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = String::deserialize(deserializer)?;
                $kind::find(&code).ok_or_else(|| D::Error::custom("an organisation that does not exist"))
            }
        }
    )*};
}

kept_by_code! { Issuer Bank Wallet Abroad Gift }
