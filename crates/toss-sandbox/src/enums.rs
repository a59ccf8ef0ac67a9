//! Toss's organisations and methods: issuers, banks, wallets, gift certificates (Toss enums).
//!
//! Requests may use the two-character code, the Korean name or the English code; answers carry codes for
//! organisations and names for methods.

/// A card company that issues cards.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) code: &'static str,
    ko: &'static str,
    en: &'static str,
    /// Who acquires it: itself, or BC for the banks that have no own network.
    pub(crate) acquirer: &'static str,
    /// The first eight digits of the made-up card number.
    pub(crate) bin: &'static str,
}

/// A bank.
#[derive(Debug)]
pub(crate) struct Bank {
    pub(crate) code: &'static str,
    ko: &'static str,
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
    Issuer { code, ko, en, acquirer, bin }
}

/// The first is the default: the documents' example card, issued by 61 and acquired by 31.
static ISSUERS: [Issuer; 24] = [
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

/// The codes of securities firms, which share the banks' code space as refund accounts.
const SECURITIES: [&str; 25] = [
    "S0", "S2", "S3", "S4", "S5", "S6", "S8", "S9", "SA", "SB", "SD", "SE", "SG", "SH", "SI", "SJ", "SK",
    "SL", "SM", "SN", "SO", "SP", "SQ", "SR", "ST",
];

const fn wallet(code: &'static str, ko: &'static str, in_test: bool) -> Wallet {
    Wallet { code, ko, in_test }
}

/// The first is the default.
pub(crate) static WALLETS: [Wallet; 9] = [
    wallet("TOSSPAY", "토스페이", true),
    wallet("NAVERPAY", "네이버페이", true),
    wallet("SAMSUNGPAY", "삼성페이", true),
    wallet("APPLEPAY", "애플페이", true),
    wallet("LPAY", "엘페이", true),
    wallet("SSG", "SSG페이", true),
    wallet("PINPAY", "핀페이", true),
    wallet("KAKAOPAY", "카카오페이", false),
    wallet("PAYCO", "페이코", false),
];

pub(crate) static GIFTS: [Gift; 3] = [
    Gift { code: "CULTURE_GIFT_CERTIFICATE", ko: "문화상품권" },
    Gift { code: "BOOK_GIFT_CERTIFICATE", ko: "도서문화상품권" },
    Gift { code: "GAME_GIFT_CERTIFICATE", ko: "게임문화상품권" },
];

impl Issuer {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        ISSUERS.iter().find(|issuer| [issuer.code, issuer.ko, issuer.en].contains(&word))
    }

    pub(crate) fn usual() -> &'static Self {
        &ISSUERS[0]
    }
}

impl Bank {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        BANKS.iter().find(|bank| [bank.code, bank.ko, bank.en].contains(&word))
    }

    pub(crate) fn usual() -> &'static Self {
        &BANKS[0]
    }

    /// Whether a refund can go to an organisation of this name: any bank, or a securities firm's code.
    pub(crate) fn takes_refunds(word: &str) -> bool {
        Self::find(word).is_some() || SECURITIES.contains(&word)
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

impl Gift {
    pub(crate) fn find(word: &str) -> Option<&'static Self> {
        GIFTS.iter().find(|gift| [gift.code, gift.ko].contains(&word))
    }
}
