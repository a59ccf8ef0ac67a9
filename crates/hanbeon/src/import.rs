//! `hanbeon import`: the rows of a shop that ran the Spring tutorial's server on MySQL.
//!
//! Its `TossPayment` table comes as tab-separated lines, the way `mysql --batch` prints them. Each row is led
//! through the ordinary state machine, so that what it becomes has a legal history: an order, the intent, what
//! Toss said, and the cancel if there was one. A row that was imported before is left alone, so an import that
//! was cut off is simply run again. Rows whose outcome the old server never learned are looked up at Toss by
//! the recovery of the next `serve`.
use crate::cli::Failure;
use crate::config::Config;
use crate::stores::{self, Role};
use clap::Args;
use hanbeon_app::Settings;
use hanbeon_domain::order::Customer;
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::verdict::Failure as TossFailure;
use hanbeon_domain::{
    Actor, CancelRequest, Checkout, ConfirmRequest, Decision, Event, Evidence, MerchantReference, Moment,
    Order, OrderId, PaymentId, PaymentKey, RefundId, Snapshot, Step, Timestamp, TossOrderId, TossStatus,
    Untaxed, Verdict, Won,
};
use hanbeon_store::{Begun, Inserted, Store};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::path::PathBuf;

/// The query whose output is read; shown by `--help`.
const QUERY: &str =
    "SELECT HEX(order_id), HEX(payment_id), toss_order_id, toss_payment_key, toss_payment_method,
       toss_payment_status, total_amount, approved_at, requested_at FROM TossPayment";

#[derive(Args, Debug)]
#[command(after_help = format!("The file is the output of\n  mysql --batch --skip-column-names SHOP -e \"{QUERY}\""))]
pub(crate) struct ImportArgs {
    /// Tab-separated lines; see below.
    file: PathBuf,
    /// The offset of the old server's clock from UTC, in hours: its DATETIMEs have none.
    #[arg(long, default_value_t = 9, allow_hyphen_values = true)]
    utc_offset_hours: i8,
}

/// One row of the old table.
struct Row {
    order: OrderId,
    payment: PaymentId,
    toss_order: TossOrderId,
    key: PaymentKey,
    method: String,
    status: TossStatus,
    total: Won,
    approved_at: Option<Timestamp>,
    requested_at: Timestamp,
}

pub(crate) async fn run(config: &Config, args: ImportArgs) -> Result<(), Failure> {
    let text = std::fs::read_to_string(&args.file)
        .map_err(|e| format!("cannot read {}: {e}", args.file.display()))?;
    let offset = Offset::from_hours(args.utc_offset_hours).map_err(|e| format!("--utc-offset-hours: {e}"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let rows: Vec<_> = lines
        .map(|(at, line)| {
            Row::parse(line, offset).map_err(|e| format!("line {}: {e}; nothing was imported", at + 1))
        })
        .collect::<Result<_, _>>()?;
    let store = stores::open(config, Role::Tool).await?.payments;
    let (mut imported, mut known) = (0, 0);
    for row in rows {
        if import(&*store, row).await? { imported += 1 } else { known += 1 }
    }
    println!("imported {imported} payments; {known} were there already");
    Ok(())
}

/// Writes one row; says whether it was new.
async fn import(store: &dyn Store, row: Row) -> Result<bool, Failure> {
    let order = row.order()?;
    let inserted = store.insert_order(&order).await?;
    if inserted != Inserted::New && store.payment_by_key(&row.key).await?.is_some() {
        return Ok(false);
    }
    let policy = Settings::default().policy;
    let moment = Moment { now: row.requested_at, actor: Actor::Merchant, policy: &policy };
    let view = Checkout { order: Some(order), ..Checkout::default() };
    let Decision::Begin(mut step) = view.decide(row.request(), row.payment, moment)? else {
        return Ok(false);
    };
    // Due at once: if we stop half way, the recovery asks Toss how it ended.
    if store.begin(&step, row.requested_at).await? == Begun::Taken {
        return Err(format!("payment {}: its order has another payment already", row.payment).into());
    }
    for event in row.events()? {
        let next = step.next.step(event, moment)?;
        *step = Step { event: format!("imported: {}", next.event), ..next };
        store.commit(&step, row.requested_at).await?;
    }
    Ok(true)
}

impl Row {
    fn parse(line: &str, offset: Offset) -> Result<Self, Failure> {
        let columns: Vec<_> = line.split('\t').collect();
        let [order, payment, toss_order, key, method, status, total, approved_at, requested_at] = columns[..]
        else {
            return Err(format!("9 columns are expected, not {}", columns.len()).into());
        };
        let status = match TossStatus::parse(status) {
            TossStatus::Unknown => return Err(format!("{status:?} is no status of Toss").into()),
            status => status,
        };
        let instant = |text: &str| -> Result<Timestamp, Failure> {
            let civil: DateTime = text.parse().map_err(|e| format!("{text:?}: {e}"))?;
            Ok(Timestamp::from_micros(offset.to_timestamp(civil)?.as_microsecond()))
        };
        Ok(Self {
            order: OrderId::parse(&uuid_text(order)?)?,
            payment: PaymentId::parse(&uuid_text(payment)?)?,
            toss_order: TossOrderId::parse(toss_order)?,
            key: PaymentKey::parse(key)?,
            method: method.to_owned(),
            status,
            total: Won::new(total.parse().map_err(|e| format!("total_amount {total:?}: {e}"))?)?,
            approved_at: if approved_at == "NULL" { None } else { Some(instant(approved_at)?) },
            requested_at: instant(requested_at)?,
        })
    }

    fn order(&self) -> Result<Order, Failure> {
        let order = Order {
            id: self.order,
            reference: MerchantReference::parse(format!("imported-{}", self.order))?,
            name: "imported".to_owned(),
            total: self.total,
            lines: Vec::new(),
            customer: Customer::default(),
            created_at: self.requested_at,
            expires_at: None,
            untaxed: Untaxed::NONE,
        };
        Ok(order.check()?)
    }

    fn request(&self) -> ConfirmRequest {
        ConfirmRequest {
            order: self.order,
            toss_order: self.toss_order.clone(),
            key: self.key.clone(),
            amount: self.total,
            session: None,
        }
    }

    /// What must have happened for the row to say what it says. An outcome that the old server never learned
    /// is left to the recovery; so is a partial cancel, of which it did not store the balance.
    fn events(&self) -> Result<Vec<Event>, Failure> {
        Ok(match self.status {
            TossStatus::Done => vec![self.seen(TossStatus::Done, self.total)],
            TossStatus::Canceled => {
                let cancel = CancelRequest {
                    id: RefundId::from_uuid(self.payment.uuid()),
                    amount: None,
                    reason: CancelReason::parse("이전 서버에서 취소되었습니다.")?,
                    untaxed: None,
                };
                vec![
                    self.seen(TossStatus::Done, self.total),
                    Event::CancelRequested(cancel),
                    self.seen(TossStatus::Canceled, Won::ZERO),
                ]
            }
            TossStatus::Aborted | TossStatus::Expired | TossStatus::WaitingForDeposit => {
                vec![self.seen(self.status, self.total)]
            }
            TossStatus::PartialCanceled
            | TossStatus::Ready
            | TossStatus::InProgress
            | TossStatus::Unknown => Vec::new(),
        })
    }

    fn seen(&self, status: TossStatus, balance: Won) -> Event {
        let failure = (status == TossStatus::Aborted).then(|| TossFailure {
            code: "PAY_PROCESS_ABORTED".to_owned(),
            message: "결제가 취소되었거나 진행되지 않았습니다.".to_owned(),
        });
        Event::PspSaid(Verdict::Seen(Box::new(Snapshot {
            status,
            method: Some(self.method.clone()),
            balance,
            requested_at: Some(self.requested_at),
            approved_at: self.approved_at,
            last_transaction_key: None,
            cancels: Vec::new(),
            secret: None,
            account: None,
            failure,
            evidence: Evidence { http_status: 200, body: [].into() },
            tax: None,
            pending: Vec::new(),
        })))
    }
}

/// A UUID column in hex: 16 raw bytes, or the text of a UUID that was stored as text.
fn uuid_text(hex: &str) -> Result<String, Failure> {
    if hex.len() == 32 {
        return Ok(hex.to_owned());
    }
    let bytes = (0..hex.len() / 2)
        .map(|at| hex.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    let text = bytes.collect::<Option<Vec<u8>>>().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| format!("{hex:?} is no UUID in hex").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hanbeon_domain::StateName as S;
    use hanbeon_store_sqlite::{Options, SqliteStore};

    const ROWS: &str = "\
01E79A1568CC4B39AE5D4C8EEEF9D590\t11E79A1568CC4B39AE5D4C8EEEF9D590\tMC44NjYyOTg2MjMxMzcx\ttgen_1\t간편결제\tDONE\t1000\t2024-09-12 11:22:11.000000\t2024-09-12 11:22:00.123456
02E79A1568CC4B39AE5D4C8EEEF9D590\t32326537396131352D363863632D346233392D616535642D346338656565663964353930\tMC40001\ttgen_2\t카드\tCANCELED\t2147483648\t2024-09-12 11:22:11\t2024-09-12 11:22:00
03E79A1568CC4B39AE5D4C8EEEF9D590\t13E79A1568CC4B39AE5D4C8EEEF9D590\tMC40002\ttgen_3\t가상계좌\tWAITING_FOR_DEPOSIT\t5000\tNULL\t2024-09-12 11:22:00
04E79A1568CC4B39AE5D4C8EEEF9D590\t14E79A1568CC4B39AE5D4C8EEEF9D590\tMC40003\ttgen_4\t카드\tIN_PROGRESS\t5000\tNULL\t2024-09-12 11:22:00
05E79A1568CC4B39AE5D4C8EEEF9D590\t15E79A1568CC4B39AE5D4C8EEEF9D590\tMC40004\ttgen_5\t카드\tABORTED\t5000\tNULL\t2024-09-12 11:22:00";

    #[tokio::test]
    async fn the_old_servers_rows_become_payments_with_a_legal_history_once() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            SqliteStore::open(folder.path().join("x.db"), Options::tool(Timestamp::default())).unwrap();
        let offset = Offset::from_hours(9).unwrap();
        for again in [true, false] {
            for line in ROWS.lines() {
                assert_eq!(import(&store, Row::parse(line, offset).unwrap()).await.unwrap(), again);
            }
        }
        let states =
            ["tgen_1", "tgen_2", "tgen_3", "tgen_4", "tgen_5"].map(|key| PaymentKey::parse(key).unwrap());
        let wanted = [S::Paid, S::Canceled, S::WaitingForDeposit, S::Confirming, S::Declined];
        for (key, want) in states.iter().zip(wanted) {
            let payment = store.payment_by_key(key).await.unwrap().unwrap();
            assert_eq!(payment.state.name(), want);
            let history = store.payment(payment.id).await.unwrap().unwrap().history;
            assert_eq!(u64::try_from(history.len()).unwrap(), payment.version, "one line per change");
        }
        let first = store.payment_by_key(&states[0]).await.unwrap().unwrap();
        assert_eq!(first.toss.method.as_deref(), Some("간편결제"));
        let micros = 1_726_107_720_123_456; // 2024-09-12T11:22:00.123456+09:00
        assert_eq!(first.toss.requested_at, Some(Timestamp::from_micros(micros)));
        let second = store.payment_by_key(&states[1]).await.unwrap().unwrap();
        assert_eq!((second.captured.get(), second.refunded.get()), (1 << 31, 1 << 31));
        assert_eq!(second.id.to_string(), "22e79a1568cc4b39ae5d4c8eeef9d590");
    }

    #[test]
    fn a_row_that_cannot_be_is_refused_with_its_reason() {
        let offset = Offset::UTC;
        let refused = |line: &str| Row::parse(line, offset).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(refused("a\tb"), "9 columns are expected, not 2");
        let row = ROWS.lines().next().unwrap();
        assert!(refused(&row.replace("DONE", "PAID")).contains("no status"));
        assert!(refused(&row.replace("\t1000\t", "\t10.5\t")).contains("total_amount"));
        assert!(refused(&row.replace("01E7", "ZZE7")).contains("hex"));
    }
}
