//! What a buyer pays with, and reading it from the words a request may use.

use crate::codes::{self, Code};
use crate::enums::{Bank, Gift, Issuer, Wallet};
use crate::lang::Lang;

/// The chosen method with its particulars.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Means {
    Card(Card),
    /// A wallet, paid from a linked card or, without one, from charged money.
    EasyPay(&'static Wallet, Option<Card>),
    Transfer(&'static Bank),
    VirtualAccount(&'static Bank),
    MobilePhone,
    Gift(&'static Gift),
}

/// A card and the instalment plan chosen with it; 0 months is a lump sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Card {
    pub(crate) issuer: &'static Issuer,
    pub(crate) months: u8,
}

/// A method as a request words it: all parts optional, each in any of Toss's spellings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish<'a> {
    pub(crate) method: Option<&'a str>,
    pub(crate) easy_pay: Option<&'a str>,
    pub(crate) issuer: Option<&'a str>,
    pub(crate) months: u8,
    pub(crate) bank: Option<&'a str>,
}

impl Means {
    /// Reads a method: `카드`, `CARD`, `간편결제`, `EASY_PAY`, a wallet's own code, and so on.
    ///
    /// A card without an issuer is the documents' example card; no method at all is a card.
    pub(crate) fn read(wish: Wish<'_>) -> Result<Self, Code> {
        let method = wish.method.unwrap_or("CARD");
        if let Some(provider) = wish.easy_pay {
            // SDK: method CARD with an easy-pay provider opens that wallet.
            let by_wallet = matches!(method, "CARD" | "카드" | "EASY_PAY" | "간편결제");
            return if by_wallet { wish.wallet(provider) } else { Err(codes::INVALID_PARAMETERS) };
        }
        match method {
            "CARD" | "카드" => Ok(Self::Card(wish.card()?.unwrap_or(Card::usual(wish.months)))),
            "EASY_PAY" | "간편결제" => wish.wallet(Wallet::usual().code),
            "TRANSFER" | "계좌이체" => Ok(Self::Transfer(wish.bank()?)),
            "VIRTUAL_ACCOUNT" | "가상계좌" => match wish.bank()? {
                bank if bank.issues_accounts => Ok(Self::VirtualAccount(bank)),
                _ => Err(codes::INVALID_BANK),
            },
            "MOBILE_PHONE" | "휴대폰" => Ok(Self::MobilePhone),
            other => match Gift::find(other) {
                Some(gift) => Ok(Self::Gift(gift)),
                None if Wallet::find(other).is_some() => wish.wallet(other),
                None => Err(codes::NOT_SUPPORTED_METHOD),
            },
        }
    }

    /// `Payment.method`.
    pub(crate) fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Card(_) => lang.pick("카드", "CARD"),
            Self::EasyPay(..) => lang.pick("간편결제", "EASY_PAY"),
            Self::Transfer(_) => lang.pick("계좌이체", "TRANSFER"),
            Self::VirtualAccount(_) => lang.pick("가상계좌", "VIRTUAL_ACCOUNT"),
            Self::MobilePhone => lang.pick("휴대폰", "MOBILE_PHONE"),
            Self::Gift(gift) => lang.pick(gift.ko, gift.code),
        }
    }

    /// The code that the browser SDK uses for the method.
    pub(crate) fn code(self) -> &'static str {
        self.name(Lang::En)
    }

    /// The wallet's code, for an easy-pay method.
    pub(crate) fn wallet_code(self) -> Option<&'static str> {
        match self {
            Self::EasyPay(wallet, _) => Some(wallet.code),
            _ => None,
        }
    }

    /// The card that pays, directly or through a wallet.
    pub(crate) fn card(self) -> Option<Card> {
        match self {
            Self::Card(card) | Self::EasyPay(_, Some(card)) => Some(card),
            _ => None,
        }
    }

    /// The refusals that only an amount causes (Toss core API, Limits and time-outs).
    pub(crate) fn refuses(self, amount: i64) -> Option<Code> {
        match self {
            Self::Transfer(_) | Self::VirtualAccount(_) if amount < 200 => Some(codes::BELOW_MINIMUM_AMOUNT),
            Self::Card(_) | Self::EasyPay(..) if amount < 100 => Some(codes::BELOW_MINIMUM_AMOUNT),
            Self::Transfer(_) if amount > 10_000_000 => Some(codes::EXCEEDS_TRANSFER_AMOUNT_MAXIMUM),
            _ if amount < 50_000 && self.card().is_some_and(|card| card.months > 0) => {
                Some(codes::NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT)
            }
            _ => None,
        }
    }
}

impl Card {
    fn usual(months: u8) -> Self {
        Self { issuer: Issuer::usual(), months }
    }
}

impl Wish<'_> {
    fn card(&self) -> Result<Option<Card>, Code> {
        if self.months == 1 || self.months > 12 {
            return Err(codes::INVALID_CARD_INSTALLMENT_PLAN);
        }
        let Some(word) = self.issuer else { return Ok(None) };
        let issuer = Issuer::find(word).ok_or(codes::INVALID_CARD_COMPANY)?;
        Ok(Some(Card { issuer, months: self.months }))
    }

    fn wallet(&self, word: &str) -> Result<Means, Code> {
        let wallet = Wallet::find(word).ok_or(codes::INVALID_EASY_PAY)?;
        if !wallet.in_test {
            return Err(codes::UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD);
        }
        Ok(Means::EasyPay(wallet, self.card()?))
    }

    fn bank(&self) -> Result<&'static Bank, Code> {
        self.bank.map_or(Ok(Bank::usual()), |word| Bank::find(word).ok_or(codes::INVALID_BANK))
    }
}
