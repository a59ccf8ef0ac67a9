//! One payment, taken out of a database with every row that belongs to it, as a mould for many: what names it and when it
//! was are holes, everything else is as hanbeon wrote it. Knows where seals are, and nothing else about the schema.
use crate::Failure;
use hanbeon_domain::{PaymentId, Timestamp};
use hanbeon_store::{CHAIN_START, JournalLine, Seal};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::time::Duration;
use uuid::Uuid;

/// The tables that a payment leaves rows in, in the order of their references.
const TABLES: [&str; 6] = ["sessions", "saved_amounts", "orders", "payments", "journal", "events"];

/// How long hanbeon keeps what a buyer saved (`retention.saved_amounts_days`), in µs: of an older payment it is gone.
const SAVED_FOR: i64 = 7 * 86_400 * 1_000_000;

/// What tells one payment from another.
#[derive(Clone, Debug)]
pub struct Names {
    /// hanbeon's id of the order.
    pub order: Uuid,
    /// hanbeon's id of the payment.
    pub payment: Uuid,
    /// What the buyer's session is known by.
    pub session: [u8; 32],
    /// The shop's name of the order.
    pub reference: String,
    /// Toss's name of the order.
    pub toss_order: String,
    /// Toss's key of the payment.
    pub key: String,
    /// When it began, in µs of Unix time.
    pub at: i64,
}

/// The rows of one payment with holes.
#[derive(Debug)]
pub struct Mould {
    rows: Vec<Row>,
    /// What the mould was taken from.
    pub first: Names,
}

#[derive(Debug)]
struct Row {
    insert: String,
    journal: Option<Line>,
    /// The payment's own row.
    payment: bool,
    /// What its buyer saved.
    saved: bool,
    cells: Vec<Cell>,
}

/// Which cells of a journal row its seal is made of.
#[derive(Debug)]
struct Line {
    version: usize,
    at: usize,
    texts: [usize; 4],
    evidence: usize,
}

#[derive(Clone, Debug)]
enum Cell {
    /// As it is; a number that SQLite gives is none.
    Fixed(Value),
    Blob(Name),
    Text(Vec<Piece>),
    /// µs since the payment's time.
    Since(i64),
    Seal,
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Hole(Name),
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Order,
    Payment,
    Session,
    Reference,
    TossOrder,
    Key,
}

impl Mould {
    /// Takes the mould from a database that holds one payment.
    ///
    /// # Errors
    /// When the database holds none, or cannot be read.
    pub fn take(db: &Connection) -> Result<Self, Failure> {
        let first = first(db)?;
        let mut rows = Vec::new();
        for table in TABLES {
            take_table(db, table, &first, &mut rows)?;
        }
        Ok(Self { rows, first })
    }

    /// Writes one more payment.
    ///
    /// # Errors
    /// When the database refuses a row.
    pub fn cast(&self, db: &Connection, names: &Names) -> Result<(), Failure> {
        let mut last = CHAIN_START;
        let mut filled: Vec<Vec<Value>> = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let mut values: Vec<Value> = row.cells.iter().map(|cell| fill(cell, names)).collect();
            if let Some(line) = &row.journal {
                last = line.seal(&values, &last, names)?;
                seal(&row.cells, &mut values, &last);
            }
            filled.push(values);
        }
        let forgotten = names.at < self.first.at - SAVED_FOR;
        for (row, mut values) in self.rows.iter().zip(filled).filter(|(row, _)| !(row.saved && forgotten)) {
            if row.payment {
                seal(&row.cells, &mut values, &last);
            }
            db.prepare_cached(&row.insert)?.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}

impl Line {
    fn seal(&self, values: &[Value], previous: &Seal, names: &Names) -> Result<Seal, Failure> {
        let number = |at: usize| match values[at] {
            Value::Integer(number) => Ok(number),
            _ => Err("a journal line without a number"),
        };
        let text = |at: usize| match &values[at] {
            Value::Text(text) => text.clone(),
            _ => String::new(),
        };
        let [actor, from, to, event] = self.texts.map(text);
        let evidence = match &values[self.evidence] {
            Value::Blob(bytes) => Some(bytes.as_slice().try_into()?),
            _ => None,
        };
        let (version, at) = (u64::try_from(number(self.version)?)?, Timestamp::from_micros(number(self.at)?));
        let line = JournalLine { version, at, actor, from, to, event, evidence, seal: None };
        Ok(line.sealed_after(previous, PaymentId::from_uuid(names.payment)))
    }
}

fn first(db: &Connection) -> Result<Names, Failure> {
    let select = "SELECT p.order_id, p.payment_id, p.payer_session, o.merchant_reference, p.toss_order_id, \
                  p.toss_payment_key, p.created_at FROM payments p JOIN orders o USING (order_id)";
    let names = db.query_row(select, [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
    })?;
    let (order, payment, session, reference, toss_order, key, at): (
        [u8; 16],
        [u8; 16],
        [u8; 32],
        String,
        String,
        String,
        i64,
    ) = names;
    let (order, payment) = (Uuid::from_bytes(order), Uuid::from_bytes(payment));
    Ok(Names { order, payment, session, reference, toss_order, key, at })
}

fn take_table(db: &Connection, table: &str, first: &Names, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let mut columns = db.prepare(&format!("PRAGMA table_xinfo({table})"))?;
    // Name, whether it is generated, and whether SQLite numbers it.
    let columns = columns.query_map([], |row| {
        let numbered = row.get::<_, String>(2)? == "INTEGER" && row.get::<_, i64>(5)? == 1;
        Ok((row.get::<_, String>(1)?, row.get::<_, i64>(6)? != 0, numbered))
    })?;
    let columns: Vec<_> = columns.collect::<Result<_, _>>()?;
    let columns: Vec<_> = columns.into_iter().filter(|(_, generated, _)| !generated).collect();
    let names: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
    let list = names.join(", ");
    let holes = vec!["?"; names.len()].join(", ");
    let order = if table == "journal" { " ORDER BY version" } else { "" };
    let mut select = db.prepare(&format!("SELECT {list} FROM {table}{order}"))?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let mut cells = Vec::new();
        for (at, (name, _, numbered)) in columns.iter().enumerate() {
            let value: Value = row.get(at)?;
            cells.push(if *numbered { Cell::Fixed(Value::Null) } else { hollow(name, value, first) });
        }
        rows.push(Row {
            insert: format!("INSERT INTO {table} ({list}) VALUES ({holes})"),
            journal: if table == "journal" { Some(line(&names)?) } else { None },
            payment: table == "payments",
            saved: table == "saved_amounts",
            cells,
        });
    }
    Ok(())
}

fn line(columns: &[&str]) -> Result<Line, Failure> {
    let at = |name| columns.iter().position(|column| *column == name).ok_or("the journal has another form");
    Ok(Line {
        version: at("version")?,
        at: at("at")?,
        texts: [at("actor")?, at("from_state")?, at("to_state")?, at("event")?],
        evidence: at("evidence")?,
    })
}

/// A cell of the mould.
fn hollow(column: &str, value: Value, first: &Names) -> Cell {
    match value {
        _ if column == "seal" => Cell::Seal,
        Value::Integer(at) if column == "at" || column.ends_with("_at") => Cell::Since(at - first.at),
        Value::Blob(bytes) => match &bytes {
            bytes if bytes == first.order.as_bytes() => Cell::Blob(Name::Order),
            bytes if bytes == first.payment.as_bytes() => Cell::Blob(Name::Payment),
            bytes if *bytes == first.session => Cell::Blob(Name::Session),
            _ => Cell::Fixed(Value::Blob(bytes)),
        },
        Value::Text(text) => Cell::Text(pieces(text, first)),
        value => Cell::Fixed(value),
    }
}

fn pieces(text: String, first: &Names) -> Vec<Piece> {
    let mut pieces = vec![Piece::Literal(text)];
    for name in [Name::Order, Name::Payment, Name::Reference, Name::TossOrder, Name::Key] {
        let written = name.text(first);
        pieces = pieces
            .into_iter()
            .flat_map(|piece| match piece {
                Piece::Literal(text) => {
                    let mut parts = Vec::new();
                    for (at, part) in text.split(&written).enumerate() {
                        if at > 0 {
                            parts.push(Piece::Hole(name));
                        }
                        parts.push(Piece::Literal(part.to_owned()));
                    }
                    parts
                }
                hole @ Piece::Hole(_) => vec![hole],
            })
            .collect();
    }
    pieces
}

impl Name {
    /// As hanbeon writes it in text.
    fn text(self, names: &Names) -> String {
        match self {
            Self::Order => names.order.as_simple().to_string(),
            Self::Payment => names.payment.as_simple().to_string(),
            Self::Session => String::new(),
            Self::Reference => names.reference.clone(),
            Self::TossOrder => names.toss_order.clone(),
            Self::Key => names.key.clone(),
        }
    }

    fn bytes(self, names: &Names) -> Vec<u8> {
        match self {
            Self::Order => names.order.as_bytes().to_vec(),
            Self::Payment => names.payment.as_bytes().to_vec(),
            Self::Session => names.session.to_vec(),
            Self::Reference | Self::TossOrder | Self::Key => self.text(names).into_bytes(),
        }
    }
}

fn fill(cell: &Cell, names: &Names) -> Value {
    match cell {
        Cell::Fixed(value) => value.clone(),
        Cell::Blob(name) => Value::Blob(name.bytes(names)),
        Cell::Since(since) => Value::Integer(names.at + since),
        Cell::Seal => Value::Null,
        Cell::Text(pieces) => {
            let mut text = String::new();
            for piece in pieces {
                match piece {
                    Piece::Literal(literal) => text.push_str(literal),
                    Piece::Hole(name) => text.push_str(&name.text(names)),
                }
            }
            Value::Text(text)
        }
    }
}

fn seal(cells: &[Cell], values: &mut [Value], seal: &Seal) {
    for (cell, value) in cells.iter().zip(values) {
        if matches!(cell, Cell::Seal) {
            *value = Value::Blob(seal.to_vec());
        }
    }
}

impl Names {
    /// The names of the payment with this number among `of`, spread over the days before `last`: ids that grow with
    /// time, as hanbeon's and its sessions' do, and keys that do so by the second, as Toss's are.
    #[must_use]
    pub fn numbered(number: u64, of: u64, last: i64) -> Self {
        const DAYS: Duration = Duration::from_secs(300 * 86_400);
        let span = u64::try_from(DAYS.as_micros()).unwrap_or(u64::MAX);
        let back = u128::from(span) * u128::from(of - number) / u128::from(of.max(1));
        let at = last - i64::try_from(back).unwrap_or(0);
        let random = |salt: u64| mix(number.wrapping_mul(8).wrapping_add(salt));
        let id = |salt| {
            let ms = u128::try_from(at / 1_000).unwrap_or(0);
            let tail = u128::from(random(salt)) | (u128::from(mix(random(salt))) << 64);
            let bits = (ms << 80) | (tail & 0x0fff_3fff_ffff_ffff_ffff);
            Uuid::from_u128(bits | (0x7 << 76) | (0x2 << 62))
        };
        let mut session = [0; 32];
        for (part, salt) in session.chunks_exact_mut(8).zip(2..) {
            part.copy_from_slice(&random(salt).to_be_bytes());
        }
        let ms = u64::try_from(at / 1_000).unwrap_or(0).to_be_bytes();
        session[..6].copy_from_slice(&ms[2..]);
        let name = random(6);
        Self {
            order: id(0),
            payment: id(1),
            session,
            reference: format!("shop-{number:012}"),
            toss_order: format!("gen-{name:016x}"),
            key: format!("tgen_{}{:05x}", second(at), number & 0xf_ffff),
            at,
        }
    }
}

/// `20260302140509`, as Toss's keys have it.
fn second(at: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
    at.strftime("%Y%m%d%H%M%S").to_string()
}

/// Scatters numbers, each to another one (the finalizer of splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_with_time_and_are_of_version_7() {
        let names: Vec<_> =
            (0..100).map(|number| Names::numbered(number, 100, 1_800_000_000_000_000)).collect();
        assert!(names.is_sorted_by(|a, b| a.order < b.order && a.at < b.at), "{names:?}");
        for Names { order, payment, .. } in names {
            assert_eq!((order.get_version_num(), payment.get_version_num()), (7, 7));
            assert_ne!(order, payment);
        }
    }

    #[test]
    fn a_name_in_a_text_is_a_hole() {
        let first = Names::numbered(1, 10, 0);
        let other = Names { at: 5, ..Names::numbered(2, 10, 0) };
        let text = format!(r#"{{"order":"{}","key":"{}"}}"#, first.order.as_simple(), first.key);
        let cell = hollow("body", Value::Text(text), &first);
        let expected = format!(r#"{{"order":"{}","key":"{}"}}"#, other.order.as_simple(), other.key);
        assert_eq!(fill(&cell, &other), Value::Text(expected));
        let cell = hollow("created_at", Value::Integer(first.at + 3), &first);
        assert_eq!(fill(&cell, &other), Value::Integer(8));
    }
}
