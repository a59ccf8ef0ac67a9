//! Every word of Toss's vocabularies, by each of its spellings.

use proptest::prelude::*;
use toss_client::model::{
    AccountType, AcquireStatus, ArsStatus, BankCode, CancelStatus, CardCompany, CardType, Carrier,
    CashReceiptType, Currency, CustomerStatus, EasyPayProvider, FeeType, InterestPayer, IssueStatus,
    Language, Method, MethodStatus, OwnerType, PaymentStatus, PaymentType, PayoutStatus, PromotionType,
    ReceiptTransaction, RefundStatus, RegistrationNumberType, SellerStatus, SettlementDate, SettlementStatus,
    WindowMethod,
};

/// Runs `$check` for each vocabulary.
macro_rules! for_each_vocabulary {
    ($check:ident) => {
        $check!(
            AccountType,
            AcquireStatus,
            ArsStatus,
            BankCode,
            CancelStatus,
            CardCompany,
            CardType,
            Carrier,
            CashReceiptType,
            Currency,
            CustomerStatus,
            EasyPayProvider,
            FeeType,
            InterestPayer,
            IssueStatus,
            Language,
            Method,
            MethodStatus,
            OwnerType,
            PaymentStatus,
            PaymentType,
            PayoutStatus,
            PromotionType,
            ReceiptTransaction,
            RefundStatus,
            RegistrationNumberType,
            SellerStatus,
            SettlementDate,
            SettlementStatus,
            WindowMethod
        )
    };
}

#[test]
fn every_value_reads_back_as_itself_by_its_code_and_by_each_name_that_is_its_own() {
    macro_rules! check {
        ($($name:ident),+) => { $(
            for value in $name::KNOWN {
                assert_eq!(&$name::from(value.as_str()), value);
                assert_eq!(&$name::from(value.to_string()), value);
                for name in [value.korean(), value.english()].map(|name| name.expect("a known value has names")) {
                    let bearers = $name::KNOWN.iter().filter(|other| {
                        other.korean() == Some(name) || other.english() == Some(name)
                    });
                    let read = $name::from(name);
                    if bearers.count() == 1 {
                        assert_eq!(&read, value, "{name}");
                    } else {
                        assert_eq!(read, $name::Unknown(name.to_owned()));
                    }
                }
            }
            let unknown = $name::from("tomorrow");
            assert_eq!((unknown.korean(), unknown.english(), unknown.as_str()), (None, None, "tomorrow"));
        )+ };
    }
    for_each_vocabulary!(check);
}

#[test]
fn organisations_are_two_characters_and_never_numbers() {
    assert_eq!((BankCode::KNOWN.len(), CardCompany::KNOWN.len()), (51, 31));
    for code in
        BankCode::KNOWN.iter().map(BankCode::as_str).chain(CardCompany::KNOWN.iter().map(CardCompany::as_str))
    {
        assert_eq!(code.len(), 2, "{code}");
    }
    for number in ["6", "06.0", "3a", " 06"] {
        assert_eq!(BankCode::from(number), BankCode::Unknown(number.to_owned()));
        assert_eq!(CardCompany::from(number), CardCompany::Unknown(number.to_owned()));
    }
}

#[test]
fn a_bank_is_read_by_every_spelling_that_toss_takes() {
    for (bank, spellings) in [
        (BankCode::Kookmin, ["06", "004", "국민", "KOOKMIN"]),
        (BankCode::Shinhan, ["88", "088", "신한", "SHINHAN"]),
        (BankCode::TossBank, ["92", "092", "토스", "TOSSBANK"]),
        // A package of Toss's own spells two of them so.
        (BankCode::Kdb, ["02", "002", "KDBBANK", "KDB"]),
        (BankCode::Shinhyeop, ["48", "048", "SHINHYEOP", "SHINHYUP"]),
        (BankCode::YuantaSecurities, ["S0", "209", "유안타증권", "YUANTA_SECURITES"]),
        (BankCode::MeritzSecurities, ["SK", "287", "메리츠증권", "MERITZ_SECURITIES"]),
        (BankCode::Daegu, ["31", "iM뱅크", "대구", "DAEGUBANK"]),
    ] {
        for spelling in spellings {
            assert_eq!(BankCode::from(spelling), bank, "{spelling}");
            let read: BankCode = serde_json::from_value(spelling.into()).expect("a text");
            assert_eq!(serde_json::to_value(&read).expect("a text"), bank.as_str());
        }
    }
}

#[test]
fn woori_names_two_card_companies_and_is_kept_as_it_came() {
    for name in ["우리", "WOORI"] {
        assert_eq!(CardCompany::from(name), CardCompany::Unknown(name.to_owned()));
    }
    for (code, company) in [("33", CardCompany::WooriBc), ("W1", CardCompany::Woori)] {
        assert_eq!(CardCompany::from(code), company);
        assert_eq!((company.korean(), company.english()), (Some("우리"), Some("WOORI")));
    }
    for (spelling, company) in [
        ("3K", CardCompany::IbkBc),
        ("기업비씨", CardCompany::IbkBc),
        ("VISA", CardCompany::Visa),
        ("현대", CardCompany::Hyundai),
    ] {
        assert_eq!(CardCompany::from(spelling), company);
    }
}

#[test]
fn english_answers_read_as_the_same_values_and_are_written_as_toss_writes_them() {
    assert_eq!(Method::from("VIRTUAL_ACCOUNT"), Method::VirtualAccount);
    assert_eq!(EasyPayProvider::from("TOSSPAY"), EasyPayProvider::TossPay);
    assert_eq!(CardType::from("CREDIT"), CardType::Credit);
    assert_eq!([CardType::from("CHECK"), CardType::from("DEBIT")], [CardType::Debit, CardType::Debit]);
    assert_eq!(OwnerType::from("PERSONAL"), OwnerType::Personal);
    assert_eq!(CashReceiptType::from("INCOME_DEDUCTION"), CashReceiptType::IncomeDeduction);
    assert_eq!(MethodStatus::from("ENABLE"), MethodStatus::Enabled);
    assert_eq!(Method::VirtualAccount.to_string(), "가상계좌");
    assert_eq!(PaymentStatus::WaitingForDeposit.korean(), Some("입금 대기"));
}

proptest! {
    #[test]
    fn any_text_is_a_value_and_settles_after_one_reading(text in "[ -~가-힣]{0,12}") {
        macro_rules! check {
            ($($name:ident),+) => { $(
                let read = $name::from(text.as_str());
                prop_assert_eq!(&$name::from(read.as_str()), &read);
                if let $name::Unknown(kept) = &read {
                    prop_assert_eq!(kept, &text);
                }
                let json = serde_json::to_string(&read).expect("a text");
                prop_assert_eq!(serde_json::from_str::<$name>(&json).expect("a text"), read);
            )+ };
        }
        for_each_vocabulary!(check);
    }
}
