//! What is for sale, and what a cart of it costs. Pure: no clock, no network, no randomness.

use serde::{Deserialize, Serialize};

/// A cart may name each goods once, so it can never have more lines than this shop has goods; the limit is
/// here so that a hostile body is refused before it is walked.
const MAX_LINES: usize = 20;
/// How many of one goods a buyer may take at once.
const MAX_QUANTITY: u32 = 99;

/// One article of the shop, as the order page shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Goods {
    pub(crate) id: &'static str,
    /// The name that the buyer, hanbeon and Toss see.
    pub(crate) name: &'static str,
    pub(crate) name_en: &'static str,
    pub(crate) note: &'static str,
    pub(crate) note_en: &'static str,
    /// Won.
    pub(crate) price: u64,
    pub(crate) image: &'static str,
}

/// The whole catalogue, in the order in which the page shows it.
pub(crate) const GOODS: &[Goods] = &[
    Goods {
        id: "tee",
        name: "토스 티셔츠",
        name_en: "Toss T-shirt",
        note: "도톰한 20수 면, 남녀 공용",
        note_en: "Heavyweight cotton, unisex",
        price: 50_000,
        image: "/shop/assets/tee.svg",
    },
    Goods {
        id: "mug",
        name: "온기 머그컵",
        name_en: "Warmth mug",
        note: "손에 꼭 맞는 350 mL",
        note_en: "Fits the hand, 350 mL",
        price: 16_000,
        image: "/shop/assets/mug.svg",
    },
    Goods {
        id: "tote",
        name: "장보기 에코백",
        name_en: "Market tote",
        note: "어깨에 메는 두꺼운 캔버스",
        note_en: "Thick canvas, for the shoulder",
        price: 22_000,
        image: "/shop/assets/tote.svg",
    },
    Goods {
        id: "note",
        name: "모눈 노트",
        name_en: "Grid notebook",
        note: "활짝 펼쳐지는 사철 제본, 128쪽",
        note_en: "Lies flat, 128 pages",
        price: 7_500,
        image: "/shop/assets/note.svg",
    },
    Goods {
        id: "socks",
        name: "골지 양말",
        name_en: "Ribbed socks",
        note: "하루 종일 흘러내리지 않아요",
        note_en: "They stay up all day",
        price: 6_900,
        image: "/shop/assets/socks.svg",
    },
    Goods {
        id: "sticker",
        name: "스티커 한 장",
        name_en: "One sticker",
        note: "노트북에도 물병에도",
        note_en: "For a laptop or a bottle",
        price: 1_000,
        image: "/shop/assets/sticker.svg",
    },
];

/// One line of what the browser wants to buy: an id and a number, and never a price.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    id: String,
    quantity: u32,
}

/// A cart with the shop's own prices on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PricedCart {
    /// What the buyer reads in the payment window, for example `토스 티셔츠 외 2건`.
    pub(crate) order_name: String,
    pub(crate) lines: Vec<Line>,
    /// Won.
    pub(crate) total_amount: u64,
}

/// One line of an order, as hanbeon stores it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    name: &'static str,
    quantity: u32,
    /// Won.
    unit_price: u64,
}

/// Why a cart cannot be sold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadCart {
    Empty,
    TooManyLines,
    UnknownGoods,
    RepeatedGoods,
    BadQuantity,
}

impl BadCart {
    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Empty => "EMPTY_CART",
            Self::TooManyLines => "TOO_MANY_LINES",
            Self::UnknownGoods => "UNKNOWN_GOODS",
            Self::RepeatedGoods => "REPEATED_GOODS",
            Self::BadQuantity => "INVALID_QUANTITY",
        }
    }

    /// A sentence for buyers.
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::Empty => "상품을 하나 이상 담아 주세요.",
            Self::TooManyLines => "한 번에 주문할 수 있는 상품 종류를 넘었습니다.",
            Self::UnknownGoods => "판매하지 않는 상품입니다.",
            Self::RepeatedGoods => "같은 상품이 두 번 담겨 있습니다.",
            Self::BadQuantity => "수량은 1개부터 99개까지 주문할 수 있습니다.",
        }
    }
}

/// Puts the shop's prices on what the browser wants.
pub(crate) fn price(wanted: &[Wanted]) -> Result<PricedCart, BadCart> {
    if wanted.len() > MAX_LINES {
        return Err(BadCart::TooManyLines);
    }
    let mut lines: Vec<Line> = Vec::with_capacity(wanted.len());
    let mut total_amount: u64 = 0;
    for Wanted { id, quantity } in wanted {
        let goods = GOODS.iter().find(|goods| goods.id == id).ok_or(BadCart::UnknownGoods)?;
        if !(1..=MAX_QUANTITY).contains(quantity) {
            return Err(BadCart::BadQuantity);
        }
        if lines.iter().any(|line| line.name == goods.name) {
            return Err(BadCart::RepeatedGoods);
        }
        // Six goods of at most 99 pieces stay far below the limit; checked all the same, because it is money.
        let line_total = goods.price.checked_mul(u64::from(*quantity)).ok_or(BadCart::BadQuantity)?;
        total_amount = total_amount.checked_add(line_total).ok_or(BadCart::BadQuantity)?;
        lines.push(Line { name: goods.name, quantity: *quantity, unit_price: goods.price });
    }
    let order_name = order_name(&lines).ok_or(BadCart::Empty)?;
    Ok(PricedCart { order_name, lines, total_amount })
}

/// The first line's name, and how many other lines there are: Korean shops' habit, well under Toss's limit of
/// 100 characters.
fn order_name(lines: &[Line]) -> Option<String> {
    let (first, others) = lines.split_first()?;
    if others.is_empty() {
        return Some(first.name.to_owned());
    }
    Some(format!("{} 외 {}건", first.name, others.len()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{BadCart, GOODS, MAX_LINES, Wanted, price};

    /// What a cart holds: ids and quantities.
    type Items = &'static [(&'static str, u32)];

    fn cart(items: &[(&str, u32)]) -> Vec<Wanted> {
        items.iter().map(|(id, quantity)| Wanted { id: (*id).to_owned(), quantity: *quantity }).collect()
    }

    #[test]
    fn a_cart_costs_the_sum_of_its_lines_and_is_named_after_the_first() {
        let cases: &[(Items, u64, &str)] = &[
            (&[("tee", 1)], 50_000, "토스 티셔츠"),
            (&[("sticker", 1)], 1_000, "스티커 한 장"),
            (&[("tee", 2), ("mug", 1)], 116_000, "토스 티셔츠 외 1건"),
            (&[("tee", 1), ("note", 3), ("socks", 99)], 755_600, "토스 티셔츠 외 2건"),
        ];
        for (items, total, name) in cases {
            let priced = price(&cart(items)).unwrap();
            assert_eq!((priced.total_amount, priced.order_name.as_str()), (*total, *name), "{items:?}");
            assert_eq!(priced.lines.len(), items.len());
        }
    }

    #[test]
    fn a_cart_that_cannot_be_sold_says_why() {
        let cases: &[(Items, BadCart)] = &[
            (&[], BadCart::Empty),
            (&[("yacht", 1)], BadCart::UnknownGoods),
            (&[("tee", 0)], BadCart::BadQuantity),
            (&[("tee", 100)], BadCart::BadQuantity),
            (&[("tee", 1), ("tee", 1)], BadCart::RepeatedGoods),
            (&[("tee", 1); MAX_LINES + 1], BadCart::TooManyLines),
        ];
        for (items, why) in cases {
            assert_eq!(price(&cart(items)).unwrap_err(), *why, "{items:?}");
        }
    }

    #[test]
    fn every_goods_has_its_own_id_and_name_and_a_price() {
        let ids: HashSet<_> = GOODS.iter().map(|goods| goods.id).collect();
        let names: HashSet<_> = GOODS.iter().map(|goods| goods.name).collect();
        assert_eq!((ids.len(), names.len()), (GOODS.len(), GOODS.len()));
        assert!(GOODS.iter().all(|goods| goods.price >= 100), "Toss charges nothing below 100 won");
    }
}
