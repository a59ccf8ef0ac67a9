//! Banks, securities firms and card companies: two-character codes, never numbers.

use super::open_enum::open_enum;

open_enum! {
    /// A bank or securities firm (`bankCode`, and `bank` in requests). Kookmin is `06`, not its national `004`.
    ///
    /// Requests also accept a Korean or English name: `BankCode::from("국민")` is sent as it is.
    pub enum BankCode {
        // Banks.
        Kdb = "02", "산업", "KDBBANK";
        Ibk = "03", "기업", "IBK";
        Kookmin = "06", "국민", "KOOKMIN";
        Suhyeop = "07", "수협", "SUHYEOP";
        Nonghyeop = "11", "농협", "NONGHYEOP";
        LocalNonghyeop = "12", "단위농협", "LOCALNONGHYEOP";
        Woori = "20", "우리", "WOORI";
        Sc = "23", "SC제일", "SC";
        Citi = "27", "씨티", "CITI";
        Daegu = "31", "대구", "DAEGUBANK";
        Busan = "32", "부산", "BUSANBANK";
        Gwangju = "34", "광주", "GWANGJUBANK";
        Jeju = "35", "제주", "JEJUBANK";
        Jeonbuk = "37", "전북", "JEONBUKBANK";
        Kyongnam = "39", "경남", "KYONGNAMBANK";
        Saemaul = "45", "새마을", "SAEMAUL";
        Shinhyeop = "48", "신협", "SHINHYEOP";
        Savings = "50", "저축", "SAVINGBANK";
        Hsbc = "54", "HSBC", "HSBC";
        Sanlim = "64", "산림", "SANLIM";
        Post = "71", "우체국", "POST";
        Hana = "81", "하나", "HANA";
        Shinhan = "88", "신한", "SHINHAN";
        KBank = "89", "케이", "KBANK";
        KakaoBank = "90", "카카오", "KAKAOBANK";
        TossBank = "92", "토스", "TOSSBANK";
        // Securities firms.
        YuantaSecurities = "S0", "유안타증권", "YUANTA_SECURITES";
        ShinhanInvestment = "S2", "신한금융투자", "SHINHAN_INVESTMENT";
        SamsungSecurities = "S3", "삼성증권", "SAMSUNG_SECURITIES";
        KbSecurities = "S4", "KB증권", "KB_SECURITIES";
        MiraeAssetSecurities = "S5", "미래에셋증권", "MIRAE_ASSET_SECURITIES";
        KoreaInvestmentAndSecurities = "S6", "한국투자증권", "KOREA_INVESTMENT_AND_SECURITIES";
        KyoboSecurities = "S8", "교보증권", "KYOBO_SECURITIES";
        HiInvestmentAndSecurities = "S9", "하이투자증권", "HI_INVESTMENT_AND_SECURITIES";
        HyundaiMotorSecurities = "SA", "현대차증권", "HYUNDAI_MOTOR_SECURITIES";
        KiwoomSecurities = "SB", "키움증권", "KIWOOM";
        SkSecurities = "SD", "SK증권", "SK_SECURITIES";
        DaishinSecurities = "SE", "대신증권", "DAISHIN_SECURITIES";
        HanhwaInvestmentAndSecurities = "SG", "한화투자증권", "HANHWA_INVESTMENT_AND_SECURITIES";
        HanaInvestmentAndSecurities = "SH", "하나금융투자", "HANA_INVESTMENT_AND_SECURITIES";
        DbInvestmentAndSecurities = "SI", "DB금융투자", "DB_INVESTMENT_AND_SECURITIES";
        EugeneInvestmentAndSecurities = "SJ", "유진투자증권", "EUGENE_INVESTMENT_AND_SECURITIES";
        MeritzSecurities = "SK", "메리츠증권", "MERITZ_SECURITIES";
        NhInvestmentAndSecurities = "SL", "NH투자증권", "NH_INVESTMENT_AND_SECURITIES";
        BookookSecurities = "SM", "부국", "BOOKOOK_SECURITIES";
        ShinyoungSecurities = "SN", "신영증권", "SHINYOUNG_SECURITIES";
        LigInvestmentAndSecurities = "SO", "LIG투자", "LIG_INVESTMENT_AND_SECURITIES";
        DaolInvestmentAndSecurities = "SP", "KTB투자증권", "DAOL_INVESTMENT_AND_SECURITIES";
        KakaopaySecurities = "SQ", "카카오페이증권", "KAKAOPAY_SECURITIES";
        KoreaFossSecurities = "SR", "펀드온라인코리아", "KOREA_FOSS_SECURITIES";
        TossSecurities = "ST", "토스증권", "TOSS_SECURITIES";
    }
}

open_enum! {
    /// A card company (`issuerCode`, `acquirerCode`). Issuer and acquirer differ often, and Woori has two codes:
    /// `33` when BC acquires, `W1` for its own.
    pub enum CardCompany {
        Kookmin = "11", "국민", "KOOKMIN";
        KakaoBank = "15", "카카오뱅크", "KAKAOBANK";
        Hana = "21", "하나", "HANA";
        TossBank = "24", "토스뱅크", "TOSSBANK";
        Kdb = "30", "산업", "KDBBANK";
        Bc = "31", "비씨", "BC";
        WooriBc = "33", "우리", "WOORI";
        Suhyeop = "34", "수협", "SUHYEOP";
        Jeonbuk = "35", "전북", "JEONBUKBANK";
        Citi = "36", "씨티", "CITI";
        Post = "37", "우체국", "POST";
        Saemaul = "38", "새마을", "SAEMAUL";
        Savings = "39", "저축", "SAVINGBANK";
        KBank = "3A", "케이뱅크", "KBANK";
        IbkBc = "3K", "기업비씨", "IBK_BC";
        Shinhan = "41", "신한", "SHINHAN";
        Jeju = "42", "제주", "JEJUBANK";
        Gwangju = "46", "광주", "GWANGJUBANK";
        Samsung = "51", "삼성", "SAMSUNG";
        Hyundai = "61", "현대", "HYUNDAI";
        Shinhyeop = "62", "신협", "SHINHYEOP";
        Lotte = "71", "롯데", "LOTTE";
        Nonghyeop = "91", "농협", "NONGHYEOP";
        Woori = "W1", "우리", "WOORI";
        UnionPay = "3C", "유니온페이", "UNIONPAY";
        Jcb = "4J", "JCB", "JCB";
        Master = "4M", "마스터", "MASTER";
        Visa = "4V", "비자", "VISA";
        Diners = "6D", "다이너스", "DINERS";
        Discover = "6I", "디스커버", "DISCOVER";
        Amex = "7A", "아멕스", "AMEX";
    }
}
