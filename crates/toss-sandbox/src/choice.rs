//! What a buyer chooses in the window, in the words of the SDK, and what is made of it.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::codes::{self, Code};
use crate::enums::{Abroad, Bank, Gift, Issuer, Wallet};
use crate::lang::Word;
use crate::means::{Card, CardKind, EasyPay, Means, Owner};
use crate::terms::{Cash, Extras, Requested, TermsWish, check_plan};

/// A method as a request or a window words it: all parts optional, each in any of Toss's spellings, unknown fields
/// ignored. A method's object carries the terms of the request (SDK) beside the buyer's own choice.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Wish {
    pub(crate) method: Option<String>,
    pub(crate) easy_pay: Option<String>,
    pub(crate) bank: Option<String>,
    card: Option<CardWish>,
    transfer: Option<TransferWish>,
    virtual_account: Option<AccountWish>,
    mobile_phone: Option<PhoneWish>,
    gift_certificate: Option<GiftWish>,
    foreign_easy_pay: Option<ForeignWish>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CardWish {
    issuer_code: Option<String>,
    installment_plan_months: Option<u8>,
    card_type: Option<String>,
    owner_type: Option<String>,
    /// Won paid with the points of a wallet.
    points: Option<i64>,
    easy_pay: Option<String>,
    #[serde(flatten)]
    terms: TermsWish,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TransferWish {
    bank: Option<String>,
    #[serde(flatten)]
    terms: TermsWish,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AccountWish {
    bank: Option<String>,
    customer_name: Option<String>,
    refund_receive_account: Option<RefundWish>,
    #[serde(flatten)]
    terms: TermsWish,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PhoneWish {
    carrier: Option<String>,
    number: Option<String>,
    #[serde(flatten)]
    terms: TermsWish,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct GiftWish {
    /// The buyer's name at the house of the certificate; the sandbox only looks that it is a text.
    id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ForeignWish {
    provider: Option<String>,
    country: Option<String>,
}

/// `refundReceiveAccount` as a request writes it. The field is `bank`; answers call it `bankCode`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RefundWish {
    bank: Option<String>,
    account_number: Option<String>,
    holder_name: Option<String>,
}

/// Where the money of a deposited virtual account goes back to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefundTo {
    #[serde(deserialize_with = "kept_bank")]
    pub(crate) bank: Word,
    pub(crate) number: Box<str>,
    pub(crate) holder: Box<str>,
}

/// A method, chosen with all its particulars.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) means: Means,
    /// The particulars that are texts; most choices have none.
    pub(crate) more: Option<Arc<More>>,
}

/// The particulars of a choice that are texts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct More {
    /// The depositor's name of a virtual account.
    pub(crate) customer: Option<Box<str>>,
    pub(crate) phone: Option<Box<str>>,
    pub(crate) country: Option<Box<str>>,
    /// The number of a card that was typed in, masked.
    pub(crate) card_number: Option<Box<str>>,
    pub(crate) cash: Option<Cash>,
    pub(crate) refund_to: Option<RefundTo>,
}

impl From<Means> for Chosen {
    fn from(means: Means) -> Self {
        Self { means, more: None }
    }
}

impl Wish {
    /// A method by its name alone.
    pub(crate) fn by(method: Option<&str>) -> Self {
        Self { method: method.map(str::to_owned), ..Self::default() }
    }

    /// Whether anything is said about the method itself.
    pub(crate) fn names_a_method(&self) -> bool {
        self.method.is_some() || self.provider().is_some()
    }

    /// Whether nothing at all is said: then what the request asked for counts.
    fn is_silent(&self) -> bool {
        let objects = [
            self.card.is_some(),
            self.transfer.is_some(),
            self.virtual_account.is_some(),
            self.mobile_phone.is_some(),
            self.gift_certificate.is_some(),
            self.foreign_easy_pay.is_some(),
        ];
        !self.names_a_method() && self.bank.is_none() && !objects.contains(&true)
    }

    /// Whether the request says anything beyond order, amount and method.
    pub(crate) fn says_terms(&self, common: &TermsWish) -> bool {
        let own = [
            self.card.as_ref().map(|card| &card.terms),
            self.transfer.as_ref().map(|transfer| &transfer.terms),
            self.virtual_account.as_ref().map(|account| &account.terms),
            self.mobile_phone.as_ref().map(|phone| &phone.terms),
        ];
        own.into_iter().flatten().chain([common]).any(|terms| !terms.is_silent())
    }

    /// The terms of the request, for each method that it says something about.
    pub(crate) fn terms(&self, common: &TermsWish) -> Result<Requested, Code> {
        let read = |own: Option<&TermsWish>| own.map(|own| Extras::read(common, Some(own))).transpose();
        Ok(Requested {
            common: Extras::read(common, None)?,
            card: read(self.card.as_ref().map(|card| &card.terms))?,
            transfer: read(self.transfer.as_ref().map(|transfer| &transfer.terms))?,
            account: read(self.virtual_account.as_ref().map(|account| &account.terms))?,
            phone: read(self.mobile_phone.as_ref().map(|phone| &phone.terms))?,
        })
    }

    /// Reads the choice: `카드`, `CARD`, `간편결제`, `EASY_PAY`, a wallet's own code, and so on, within what the
    /// request allows. Silence chooses what was asked for, and a card where nothing was.
    pub(crate) fn choose(&self, asked: Option<&Chosen>, requested: &Requested) -> Result<Chosen, Code> {
        let asked = match asked {
            Some(asked) if self.is_silent() => return Ok(asked.clone()),
            other => other.map(|asked| asked.means),
        };
        let method = self.method.as_deref().or(asked.map(Means::code)).unwrap_or_else(|| self.spoken_of());
        let asked_wallet = asked.filter(|_| self.method.is_none()).and_then(Means::wallet_code);
        if let Some(provider) = self.provider().or(asked_wallet) {
            // SDK: method CARD with an easy-pay provider opens that wallet.
            return match method {
                "CARD" | "카드" | "EASY_PAY" | "간편결제" => self.wallet(provider, requested),
                "FOREIGN_EASY_PAY" | "해외간편결제" => self.foreign(provider),
                _ => Err(codes::INVALID_PARAMETERS),
            };
        }
        match method {
            "CARD" | "카드" => {
                let card = self.card(&requested.common, requested.card.as_ref())?;
                Ok(Means::Card(card.unwrap_or(Card::usual())).into())
            }
            "EASY_PAY" | "간편결제" => self.wallet(Wallet::usual().code, requested),
            "TRANSFER" | "계좌이체" => self.transfer(requested),
            "VIRTUAL_ACCOUNT" | "가상계좌" => self.account(requested),
            "MOBILE_PHONE" | "휴대폰" => self.phone(requested),
            "FOREIGN_EASY_PAY" | "해외간편결제" => self.foreign(Abroad::usual().code),
            other => match Gift::find(other) {
                Some(gift) => self.gift(gift),
                None if Wallet::find(other).is_some() => self.wallet(other, requested),
                None if Abroad::find(other).is_some() => self.foreign(other),
                None => Err(codes::NOT_SUPPORTED_METHOD),
            },
        }
    }

    fn provider(&self) -> Option<&str> {
        let in_card = || self.card.as_ref().and_then(|card| card.easy_pay.as_deref());
        let abroad = || self.foreign_easy_pay.as_ref().and_then(|wallet| wallet.provider.as_deref());
        self.easy_pay.as_deref().or_else(in_card).or_else(abroad)
    }

    /// The method whose object is there, when nothing names one.
    fn spoken_of(&self) -> &'static str {
        if self.transfer.is_some() {
            "TRANSFER"
        } else if self.virtual_account.is_some() {
            "VIRTUAL_ACCOUNT"
        } else if self.mobile_phone.is_some() {
            "MOBILE_PHONE"
        } else if self.foreign_easy_pay.is_some() {
            "FOREIGN_EASY_PAY"
        } else {
            "CARD"
        }
    }

    /// The card, if one is spoken of.
    fn card(&self, common: &Extras, own: Option<&Extras>) -> Result<Option<Card>, Code> {
        let extras = own.unwrap_or(common);
        let wish = self.card.as_ref();
        let named = wish.and_then(|card| card.issuer_code.as_deref());
        let named = named.map(|word| Issuer::find(word).ok_or(codes::INVALID_CARD_COMPANY)).transpose()?;
        let months = wish.and_then(|card| card.installment_plan_months).unwrap_or(extras.plan());
        check_plan(months)?;
        let issuer = named.or(extras.issuer());
        if issuer.is_none() && wish.is_none() && months == 0 && !extras.uses_points {
            return Ok(None);
        }
        let usual = Card::of(issuer.unwrap_or(Issuer::usual()));
        let card_type = wish.and_then(|card| card.card_type.as_deref());
        let owner_type = wish.and_then(|card| card.owner_type.as_deref());
        let card = Card {
            months,
            uses_points: wish.is_some_and(|card| card.terms.uses_points()),
            kind: card_type.map_or(Some(usual.kind), CardKind::find).ok_or(codes::INVALID_PARAMETERS)?,
            owner: owner_type.map_or(Some(usual.owner), Owner::find).ok_or(codes::INVALID_PARAMETERS)?,
            ..usual
        };
        extras.allow(card).map(Some)
    }

    /// A wallet: with an issuer from a linked card, without one from charged money.
    fn wallet(&self, word: &str, requested: &Requested) -> Result<Chosen, Code> {
        let Some(wallet) = Wallet::find(word) else {
            return if Abroad::find(word).is_some() {
                self.foreign(word)
            } else {
                Err(codes::INVALID_EASY_PAY)
            };
        };
        if !wallet.in_test {
            return Err(codes::UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD);
        }
        let is_linked = self.card.as_ref().is_some_and(|card| card.issuer_code.is_some())
            || requested.card.as_ref().unwrap_or(&requested.common).issuer().is_some();
        let card = self.card(&requested.common, requested.card.as_ref())?.filter(|_| is_linked);
        let points = self.card.as_ref().and_then(|card| card.points).unwrap_or(0);
        if points < 0 {
            return Err(codes::INVALID_PARAMETERS);
        }
        if points > 0 && !wallet.has_points {
            return Err(codes::NOT_ALLOWED_POINT_USE);
        }
        Ok(Means::EasyPay(EasyPay { wallet, card, points }).into())
    }

    fn transfer(&self, requested: &Requested) -> Result<Chosen, Code> {
        let wish = self.transfer.as_ref();
        let extras = requested.transfer.as_ref().unwrap_or(&requested.common);
        let bank = bank(wish.and_then(|wish| wish.bank.as_deref()).or(self.bank.as_deref()))?;
        let cash = cash(wish.map(|wish| &wish.terms), extras)?;
        Ok(More { cash, ..More::default() }.with(Means::Transfer(bank)))
    }

    fn account(&self, requested: &Requested) -> Result<Chosen, Code> {
        let wish = self.virtual_account.clone().unwrap_or_default();
        let extras = requested.account.as_ref().unwrap_or(&requested.common);
        let bank = bank(wish.bank.as_deref().or(self.bank.as_deref()))?;
        if !bank.issues_accounts {
            return Err(codes::INVALID_BANK);
        }
        if wish.customer_name.as_deref().is_some_and(|name| !is_text(name)) {
            return Err(codes::INVALID_PARAMETERS);
        }
        let more = More {
            customer: wish.customer_name.map(Into::into),
            cash: cash(Some(&wish.terms), extras)?,
            refund_to: wish.refund_receive_account.map(|account| account.read()).transpose()?,
            ..More::default()
        };
        Ok(more.with(Means::VirtualAccount(bank)))
    }

    fn phone(&self, requested: &Requested) -> Result<Chosen, Code> {
        let wish = self.mobile_phone.clone().unwrap_or_default();
        let extras = requested.phone.as_ref().unwrap_or(&requested.common);
        if wish.carrier.as_deref().is_some_and(|carrier| !extras.allows_carrier(carrier)) {
            return Err(codes::NOT_SUPPORTED_CARRIER);
        }
        if wish.number.as_deref().is_some_and(|number| !is_phone(number)) {
            return Err(codes::INVALID_PARAMETERS);
        }
        let more = More { phone: wish.number.map(Into::into), ..More::default() };
        Ok(more.with(Means::MobilePhone))
    }

    fn gift(&self, gift: &'static Gift) -> Result<Chosen, Code> {
        let id = self.gift_certificate.as_ref().and_then(|wish| wish.id.as_deref());
        if id.is_some_and(|id| !is_text(id)) {
            return Err(codes::INVALID_PARAMETERS);
        }
        Ok(Means::Gift(gift).into())
    }

    fn foreign(&self, word: &str) -> Result<Chosen, Code> {
        let wallet = Abroad::find(word).ok_or(codes::INVALID_EASY_PAY)?;
        let country = self.foreign_easy_pay.as_ref().and_then(|wish| wish.country.as_deref());
        let is_country = |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if country.is_some_and(|code| !is_country(code)) {
            return Err(codes::INVALID_PARAMETERS);
        }
        let more = More { country: country.map(Into::into), ..More::default() };
        Ok(more.with(Means::Foreign(wallet)))
    }
}

impl More {
    pub(crate) fn with(self, means: Means) -> Chosen {
        let Self { customer, phone, country, card_number, cash, refund_to } = &self;
        let texts = [customer, phone, country, card_number];
        let says = texts.into_iter().any(Option::is_some) || cash.is_some() || refund_to.is_some();
        Chosen { means, more: says.then(|| Arc::new(self)) }
    }
}

impl RefundWish {
    /// Checks the account (Toss error codes, Cancel).
    pub(crate) fn read(&self) -> Result<RefundTo, Code> {
        let (Some(bank), Some(number), Some(holder)) = (&self.bank, &self.account_number, &self.holder_name)
        else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        let bank = Bank::of_refund(bank).ok_or(codes::INVALID_BANK)?;
        if number.is_empty() || number.len() > 20 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(codes::INVALID_REFUND_ACCOUNT_NUMBER);
        }
        if holder.trim().is_empty() || holder.chars().count() > 60 {
            return Err(codes::INVALID_REFUND_ACCOUNT_INFO);
        }
        Ok(RefundTo { bank, number: number.as_str().into(), holder: holder.as_str().into() })
    }
}

pub(crate) fn bank(word: Option<&str>) -> Result<&'static Bank, Code> {
    word.map_or(Ok(Bank::usual()), |word| Bank::find(word).ok_or(codes::INVALID_BANK))
}

/// The receipt that the buyer wants, or else the one that the request fixed.
fn cash(wish: Option<&TermsWish>, extras: &Extras) -> Result<Option<Cash>, Code> {
    match wish.and_then(TermsWish::cash) {
        Some(wish) => wish.read(),
        None => Ok(extras.cash.clone()),
    }
}

/// One to a hundred characters.
pub(crate) fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 100
}

pub(crate) fn is_phone(phone: &str) -> bool {
    (8..=15).contains(&phone.len()) && phone.bytes().all(|byte| byte.is_ascii_digit())
}

fn kept_bank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    let code = String::deserialize(deserializer)?;
    Bank::of_refund(&code).ok_or_else(|| D::Error::custom("a bank that does not exist"))
}
