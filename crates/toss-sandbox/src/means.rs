//! What a buyer pays with: the method with those particulars that are words of Toss's lists.

use serde::{Deserialize, Serialize};

use crate::codes::{self, Code};
use crate::enums::{Abroad, Bank, Gift, Issuer, Wallet};
use crate::lang::Lang;
use crate::money::Currency;

/// The smallest amount that can be paid in instalments, in won.
const LEAST_IN_INSTALMENTS: i64 = 50_000;
/// What a mobile phone can pay in a month, in won; the sandbox knows no other payments of that phone.
const MOST_BY_PHONE: i64 = 1_000_000;
/// What one bank transfer can move, in won.
const MOST_BY_TRANSFER: i64 = 10_000_000;

/// The chosen method with its particulars.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Means {
    Card(Card),
    EasyPay(EasyPay),
    Transfer(&'static Bank),
    VirtualAccount(&'static Bank),
    MobilePhone,
    Gift(&'static Gift),
    Foreign(&'static Abroad),
}

/// A card and the instalment plan chosen with it; 0 months is a lump sum.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) issuer: &'static Issuer,
    pub(crate) months: u8,
    pub(crate) kind: CardKind,
    pub(crate) owner: Owner,
    pub(crate) uses_points: bool,
    /// Whether the merchant pays the interest of the plan.
    pub(crate) is_interest_free: bool,
}

/// A wallet, paid from a linked card or, without one, from charged money or a linked account; points go first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct EasyPay {
    pub(crate) wallet: &'static Wallet,
    pub(crate) card: Option<Card>,
    /// Won paid with points and coupons.
    pub(crate) points: i64,
}

/// `card.cardType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CardKind {
    Credit,
    Debit,
    Gift,
    Unknown,
}

/// `card.ownerType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owner {
    Personal,
    Corporate,
    Unknown,
}

impl Means {
    /// `Payment.method`.
    pub(crate) fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Card(_) => lang.pick("카드", "CARD"),
            Self::EasyPay(_) => lang.pick("간편결제", "EASY_PAY"),
            Self::Transfer(_) => lang.pick("계좌이체", "TRANSFER"),
            Self::VirtualAccount(_) => lang.pick("가상계좌", "VIRTUAL_ACCOUNT"),
            Self::MobilePhone => lang.pick("휴대폰", "MOBILE_PHONE"),
            Self::Gift(gift) => lang.pick(gift.ko, gift.code),
            Self::Foreign(_) => lang.pick("해외간편결제", "FOREIGN_EASY_PAY"),
        }
    }

    /// The code that the browser SDK uses for the method.
    pub(crate) fn code(self) -> &'static str {
        self.name(Lang::En)
    }

    /// The wallet's code, for an easy-pay method.
    pub(crate) fn wallet_code(self) -> Option<&'static str> {
        match self {
            Self::EasyPay(easy) => Some(easy.wallet.code),
            Self::Foreign(wallet) => Some(wallet.code),
            _ => None,
        }
    }

    /// The bank of a transfer or of a virtual account.
    pub(crate) fn bank_code(self) -> &'static str {
        match self {
            Self::Transfer(bank) | Self::VirtualAccount(bank) => bank.code,
            _ => "",
        }
    }

    /// The card that pays, directly or through a wallet.
    pub(crate) fn card(self) -> Option<Card> {
        match self {
            Self::Card(card) => Some(card),
            Self::EasyPay(easy) => easy.card,
            _ => None,
        }
    }

    /// Whether a cancel must take everything whatever else is so.
    pub(crate) fn is_cancelled_whole(self) -> bool {
        self.card().is_some_and(|card| card.issuer.is_overseas)
    }

    /// Whether the method can pay in this currency.
    pub(crate) fn takes(self, currency: Currency) -> bool {
        match self {
            Self::Foreign(wallet) => wallet.currencies.contains(&currency),
            _ => currency == Currency::Krw,
        }
    }

    /// The refusals that only an amount causes (Toss core API, Limits and time-outs).
    pub(crate) fn refuses(self, amount: i64) -> Option<Code> {
        match self {
            Self::Transfer(_) | Self::VirtualAccount(_) if amount < 200 => Some(codes::BELOW_MINIMUM_AMOUNT),
            Self::Card(_) | Self::EasyPay(_) if amount < 100 => Some(codes::BELOW_MINIMUM_AMOUNT),
            Self::Transfer(_) if amount > MOST_BY_TRANSFER => Some(codes::EXCEEDS_TRANSFER_AMOUNT_MAXIMUM),
            Self::MobilePhone if amount > MOST_BY_PHONE => Some(codes::EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT),
            Self::EasyPay(easy) if easy.points > amount => Some(codes::INVALID_PARAMETERS),
            _ => self.card().and_then(|card| card.refuses(amount)),
        }
    }
}

impl Card {
    /// The documents' example card.
    pub(crate) fn usual() -> Self {
        Self::of(Issuer::usual())
    }

    /// A personal credit card of this issuer, paid at once; of an overseas one neither kind nor owner are known.
    pub(crate) fn of(issuer: &'static Issuer) -> Self {
        let (kind, owner) = if issuer.is_overseas {
            (CardKind::Unknown, Owner::Unknown)
        } else {
            (CardKind::Credit, Owner::Personal)
        };
        Self { issuer, months: 0, kind, owner, uses_points: false, is_interest_free: false }
    }

    /// `card.interestPayer`: nobody's of a lump sum.
    pub(crate) fn interest_payer(self) -> Option<&'static str> {
        match (self.months, self.is_interest_free) {
            (0, _) => None,
            (_, true) => Some("MERCHANT"),
            (_, false) => Some("BUYER"),
        }
    }

    /// That only credit cards of the country have instalments and points is not documented.
    fn refuses(self, amount: i64) -> Option<Code> {
        let credit = self.kind == CardKind::Credit;
        if self.months > 0 && amount < LEAST_IN_INSTALMENTS {
            return Some(codes::NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT);
        }
        if self.months > 0 && !credit {
            return Some(codes::NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT);
        }
        (self.uses_points && !credit).then_some(codes::NOT_ALLOWED_POINT_USE)
    }
}

impl CardKind {
    pub(crate) fn find(word: &str) -> Option<Self> {
        let all = [Self::Credit, Self::Debit, Self::Gift, Self::Unknown];
        all.into_iter().find(|kind| [kind.name(Lang::Ko), kind.name(Lang::En)].contains(&word))
    }

    pub(crate) fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Credit => lang.pick("신용", "CREDIT"),
            Self::Debit => lang.pick("체크", "DEBIT"),
            Self::Gift => lang.pick("기프트", "GIFT"),
            Self::Unknown => lang.pick("미확인", "UNKNOWN"),
        }
    }
}

impl Owner {
    pub(crate) fn find(word: &str) -> Option<Self> {
        let all = [Self::Personal, Self::Corporate, Self::Unknown];
        all.into_iter().find(|owner| [owner.name(Lang::Ko), owner.name(Lang::En)].contains(&word))
    }

    pub(crate) fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Personal => lang.pick("개인", "PERSONAL"),
            Self::Corporate => lang.pick("법인", "CORPORATE"),
            Self::Unknown => lang.pick("미확인", "UNKNOWN"),
        }
    }
}
