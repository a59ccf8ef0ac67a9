//! Banks, securities firms and card companies: two-character codes, never numbers.

use super::open_enum::open_enum;

open_enum! {
    /// A bank or securities firm (`bankCode`, and `bank` in requests). Kookmin is `06`, not its national `004`.
    ///
    /// Read by code, by the three digits of the national standard, and by Korean or English name: `BankCode::from("국민")`
    /// is `06`, too. Toss's own account, which has no code, is kept by its name.
    pub enum BankCode {
        // Banks.
        Kdb = "02", "산업", "KDBBANK" | "002" | "KDB";
        Ibk = "03", "기업", "IBK" | "003";
        Kookmin = "06", "국민", "KOOKMIN" | "004";
        Suhyeop = "07", "수협", "SUHYEOP" | "007";
        Nonghyeop = "11", "농협", "NONGHYEOP" | "011";
        LocalNonghyeop = "12", "단위농협", "LOCALNONGHYEOP" | "012";
        Woori = "20", "우리", "WOORI" | "020";
        Sc = "23", "SC제일", "SC" | "023";
        Citi = "27", "씨티", "CITI" | "027";
        Daegu = "31", "대구", "DAEGUBANK" | "031" | "iM뱅크";
        Busan = "32", "부산", "BUSANBANK" | "032";
        Gwangju = "34", "광주", "GWANGJUBANK" | "034";
        Jeju = "35", "제주", "JEJUBANK" | "035";
        Jeonbuk = "37", "전북", "JEONBUKBANK" | "037";
        Kyongnam = "39", "경남", "KYONGNAMBANK" | "039";
        Saemaul = "45", "새마을", "SAEMAUL" | "045";
        Shinhyeop = "48", "신협", "SHINHYEOP" | "048" | "SHINHYUP";
        Savings = "50", "저축", "SAVINGBANK" | "050";
        Hsbc = "54", "HSBC", "HSBC" | "054";
        Sanlim = "64", "산림", "SANLIM" | "064";
        Post = "71", "우체국", "POST" | "071";
        Hana = "81", "하나", "HANA" | "081";
        Shinhan = "88", "신한", "SHINHAN" | "088";
        KBank = "89", "케이", "KBANK" | "089";
        KakaoBank = "90", "카카오", "KAKAOBANK" | "090";
        TossBank = "92", "토스", "TOSSBANK" | "092";
        // Securities firms.
        YuantaSecurities = "S0", "유안타증권", "YUANTA_SECURITES" | "209";
        ShinhanInvestment = "S2", "신한금융투자", "SHINHAN_INVESTMENT" | "278" | "SHINHAN_SECURITIES";
        SamsungSecurities = "S3", "삼성증권", "SAMSUNG_SECURITIES" | "240";
        KbSecurities = "S4", "KB증권", "KB_SECURITIES" | "218";
        MiraeAssetSecurities = "S5", "미래에셋증권", "MIRAE_ASSET_SECURITIES" | "238";
        KoreaInvestmentAndSecurities = "S6", "한국투자증권", "KOREA_INVESTMENT_AND_SECURITIES" | "243";
        KyoboSecurities = "S8", "교보증권", "KYOBO_SECURITIES" | "261";
        HiInvestmentAndSecurities = "S9", "하이투자증권", "HI_INVESTMENT_AND_SECURITIES" | "262";
        HyundaiMotorSecurities = "SA", "현대차증권", "HYUNDAI_MOTOR_SECURITIES" | "263";
        KiwoomSecurities = "SB", "키움증권", "KIWOOM" | "264";
        SkSecurities = "SD", "SK증권", "SK_SECURITIES" | "266";
        DaishinSecurities = "SE", "대신증권", "DAISHIN_SECURITIES" | "267";
        HanhwaInvestmentAndSecurities = "SG", "한화투자증권", "HANHWA_INVESTMENT_AND_SECURITIES" | "269";
        HanaInvestmentAndSecurities = "SH", "하나금융투자", "HANA_INVESTMENT_AND_SECURITIES" | "270";
        DbInvestmentAndSecurities = "SI", "DB금융투자", "DB_INVESTMENT_AND_SECURITIES" | "279";
        EugeneInvestmentAndSecurities = "SJ", "유진투자증권", "EUGENE_INVESTMENT_AND_SECURITIES" | "280";
        MeritzSecurities = "SK", "메리츠증권", "MERITZ_SECURITIES" | "287";
        NhInvestmentAndSecurities = "SL", "NH투자증권", "NH_INVESTMENT_AND_SECURITIES" | "247";
        BookookSecurities = "SM", "부국", "BOOKOOK_SECURITIES" | "290";
        ShinyoungSecurities = "SN", "신영증권", "SHINYOUNG_SECURITIES" | "291";
        LigInvestmentAndSecurities = "SO", "LIG투자", "LIG_INVESTMENT_AND_SECURITIES" | "292";
        DaolInvestmentAndSecurities = "SP", "KTB투자증권", "DAOL_INVESTMENT_AND_SECURITIES" | "227" | "다올투자증권";
        KakaopaySecurities = "SQ", "카카오페이증권", "KAKAOPAY_SECURITIES" | "288";
        KoreaFossSecurities = "SR", "펀드온라인코리아", "KOREA_FOSS_SECURITIES" | "294";
        TossSecurities = "ST", "토스증권", "TOSS_SECURITIES" | "271";
    }
}

open_enum! {
    /// A card company (`issuerCode`, `acquirerCode`). Issuer and acquirer differ often, and Woori has two codes:
    /// `33` when BC acquires, `W1` for its own. Read by code and by Korean or English name; "우리" and "WOORI" name two
    /// of them and are kept as they came, and so are the companies that have no code.
    pub enum CardCompany {
        Kookmin = "11", "국민", "KOOKMIN";
        KakaoBank = "15", "카카오뱅크", "KAKAOBANK";
        Hana = "21", "하나", "HANA";
        TossBank = "24", "토스뱅크", "TOSSBANK";
        Kdb = "30", "산업", "KDBBANK" | "KDB";
        Bc = "31", "비씨", "BC" | "BC카드";
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
