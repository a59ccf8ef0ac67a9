//! Billing keys: what a buyer agreed to be charged by, from the authentication to the removal (Toss core API, Billing).
//!
//! An authentication is used once. A key that is removed stays known as removed, so that a late charge is told so.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::auth::MerchantId;
use crate::choice::More;
use crate::clock::{Korea, Ms};
use crate::codes::{self, Code};
use crate::config::Merchant;
use crate::ids::Ids;
use crate::lang::Lang;
use crate::means::Means;

/// The number of every account.
const ACCOUNT_NUMBER: &str = "1002****5678";

/// What charges take their money from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    /// The merchant's own name for the buyer.
    pub(crate) customer: Box<str>,
    /// A card without instalments, or a bank's account.
    pub(crate) means: Means,
    /// The masked number of the card.
    pub(crate) more: Arc<More>,
    /// Whether a charge can succeed at all: cards that Toss does not know get a key, and no charge (measured).
    pub(crate) is_supported: bool,
}

/// What a charge adds to the terms of its payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Charged {
    pub(crate) source: Arc<Source>,
    /// The proof value of a card's charge; there is none for an account.
    pub(crate) secret: Option<Box<str>>,
}

/// A buyer's authentication in the billing window, or the key that was made of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BillingKey {
    pub(crate) merchant: MerchantId,
    pub(crate) source: Arc<Source>,
    pub(crate) authenticated_at: Ms,
    pub(crate) is_removed: bool,
    /// How the provider answers the next charges.
    refusing: Option<Refusing>,
}

/// A refusal that a test asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Refusing {
    pub(crate) code: Code,
    /// How many charges it refuses; 0 means every one until it is changed.
    pub(crate) times: u32,
}

/// The keys and the authentications, both bounded: the oldest are forgotten first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Billing {
    auths: Shelf<Auth>,
    keys: Shelf<BillingKey>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Auth {
    key: BillingKey,
    is_used: bool,
}

impl Source {
    /// The number of the card or the account, masked.
    fn number(&self) -> &str {
        self.more.card_number.as_deref().unwrap_or(ACCOUNT_NUMBER)
    }
}

impl BillingKey {
    pub(crate) fn new(
        merchant: MerchantId,
        source: Source,
        refused_with: Option<Code>,
        authenticated_at: Ms,
    ) -> Self {
        let refusing = refused_with.map(|code| Refusing { code, times: 0 });
        Self { merchant, source: Arc::new(source), authenticated_at, is_removed: false, refusing }
    }

    /// The provider's refusal of a charge, if it refuses this one.
    pub(crate) fn refuses(&mut self) -> Option<Code> {
        let Refusing { code, times } = self.refusing?;
        match times {
            0 => {}
            1 => self.refusing = None,
            _ => self.refusing = Some(Refusing { code, times: times - 1 }),
        }
        Some(code)
    }
}

impl Billing {
    pub(crate) fn new(most: usize) -> Self {
        Self { auths: Shelf::new(most), keys: Shelf::new(most) }
    }

    /// A buyer has authenticated in the window: the `authKey` that its redirect carries.
    pub(crate) fn authenticated(&mut self, key: BillingKey, ids: &mut Ids) -> Arc<str> {
        let auth_key: Arc<str> = ids.auth_key().into();
        self.auths.put(Arc::clone(&auth_key), Auth { key, is_used: false });
        auth_key
    }

    /// Makes a key of an authentication, once.
    ///
    /// UNVERIFIED (U13): an `authKey` has no end of its own, a used one is 400 `INVALID_BILLING_AUTH`, as is one of
    /// another customer; an unknown one is 404 `NOT_FOUND_BILLING`.
    pub(crate) fn issue_from_auth(
        &mut self,
        merchant: MerchantId,
        auth_key: &str,
        customer: &str,
        ids: &mut Ids,
    ) -> Result<(Arc<str>, &BillingKey), Code> {
        let auth = self.auths.get_mut(auth_key).ok_or(codes::NOT_FOUND_BILLING)?;
        if auth.key.merchant != merchant {
            return Err(codes::INVALID_API_KEY);
        }
        if auth.is_used || *auth.key.source.customer != *customer {
            return Err(codes::INVALID_BILLING_AUTH);
        }
        auth.is_used = true;
        let key = BillingKey { source: Arc::clone(&auth.key.source), ..auth.key };
        Ok(self.issue(key, ids))
    }

    /// Keeps a new key.
    pub(crate) fn issue(&mut self, key: BillingKey, ids: &mut Ids) -> (Arc<str>, &BillingKey) {
        let name: Arc<str> = ids.billing_key().into();
        let key = self.keys.put(Arc::clone(&name), key);
        (name, key)
    }

    /// A key of this merchant, also a removed one. UNVERIFIED: a key of another merchant is 400 `INVALID_API_KEY`.
    pub(crate) fn find(&mut self, merchant: MerchantId, key: &str) -> Option<Result<&mut BillingKey, Code>> {
        let found = self.keys.get_mut(key)?;
        Some(if found.merchant == merchant { Ok(found) } else { Err(codes::INVALID_API_KEY) })
    }

    /// Any key, also a removed one.
    pub(crate) fn key(&mut self, key: &str) -> Option<&mut BillingKey> {
        self.keys.get_mut(key)
    }

    /// What the next charges of a key come to; `None` lets them succeed.
    pub(crate) fn set_outcome(&mut self, key: &str, refusing: Option<Refusing>) -> Result<(), Code> {
        self.keys.get_mut(key).ok_or(codes::NOT_FOUND_BILLING)?.refusing = refusing;
        Ok(())
    }

    /// A page of the keys, oldest first, and how many there are.
    pub(crate) fn page(&self, offset: usize, limit: usize) -> (Vec<KeyView<'_>>, usize) {
        let shown = self.keys.by_age.iter().skip(offset).take(limit);
        let shown = shown.filter_map(|name| self.keys.get(name).map(|key| KeyView::of(name, key)));
        (shown.collect(), self.keys.by_age.len())
    }
}

/// A key as the control door lists it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView<'a> {
    billing_key: &'a str,
    customer_key: &'a str,
    method: &'static str,
    number: &'a str,
    authenticated_at: Korea,
    removed: bool,
    /// The code that refuses the next charges.
    outcome: Option<&'static str>,
    /// How many of them; 0 means all.
    outcome_times: Option<u32>,
}

impl<'a> KeyView<'a> {
    fn of(name: &'a str, key: &'a BillingKey) -> Self {
        Self {
            billing_key: name,
            customer_key: &key.source.customer,
            method: key.source.means.name(Lang::Ko),
            number: key.source.number(),
            authenticated_at: Korea(key.authenticated_at),
            removed: key.is_removed,
            outcome: key.refusing.map(|refusing| refusing.code.name()),
            outcome_times: key.refusing.map(|refusing| refusing.times),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    m_id: &'a str,
    customer_key: &'a str,
    authenticated_at: Korea,
    method: &'static str,
    billing_key: &'a str,
    card: Option<CardView<'a>>,
    transfers: Option<[AccountView<'a>; 1]>,
    easy_pay: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    card_company: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_number: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardView<'a> {
    issuer_code: &'static str,
    acquirer_code: &'static str,
    number: &'a str,
    card_type: &'static str,
    owner_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountView<'a> {
    bank_name: &'static str,
    bank_account_number: &'a str,
}

/// The Billing object. Up to API version 2024-06-01 it repeated company and number of the card at its top.
pub(crate) fn to_json(name: &str, key: &BillingKey, merchant: &Merchant, lang: Lang) -> Vec<u8> {
    let source = &*key.source;
    let card = source.means.card();
    let old = card.filter(|_| *merchant.version < *"2024-06-01");
    let view = View {
        m_id: &merchant.mid,
        customer_key: &source.customer,
        authenticated_at: Korea(key.authenticated_at),
        method: source.means.name(lang),
        billing_key: name,
        card: card.map(|card| CardView {
            issuer_code: card.issuer.code,
            acquirer_code: card.issuer.acquirer,
            number: source.number(),
            card_type: card.kind.name(lang),
            owner_type: card.owner.name(lang),
        }),
        transfers: match source.means {
            Means::Transfer(bank) => {
                Some([AccountView { bank_name: bank.ko, bank_account_number: source.number() }])
            }
            _ => None,
        },
        easy_pay: (),
        card_company: old.map(|card| card.issuer.ko),
        card_number: old.map(|_| source.number()),
    };
    serde_json::to_vec(&view).expect("a billing key has string keys only")
}

/// Things by name, of which the oldest are forgotten.
#[derive(Debug, Serialize, Deserialize)]
struct Shelf<T> {
    things: HashMap<Arc<str>, T>,
    by_age: VecDeque<Arc<str>>,
    most: usize,
}

impl<T> Shelf<T> {
    fn new(most: usize) -> Self {
        Self { things: HashMap::new(), by_age: VecDeque::new(), most: most.max(1) }
    }

    fn put(&mut self, name: Arc<str>, thing: T) -> &T {
        if self.by_age.len() >= self.most
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.things.remove(&oldest);
        }
        self.by_age.push_back(Arc::clone(&name));
        self.things.entry(name).insert_entry(thing).into_mut()
    }

    fn get(&self, name: &str) -> Option<&T> {
        self.things.get(name)
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.things.get_mut(name)
    }
}
