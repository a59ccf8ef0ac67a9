//! What the application forgets, and that it archives first.
use async_trait::async_trait;
use hanbeon_app::retention::{Archive, NotForgotten, Purged};
use hanbeon_app::{App, Counted, Env, Settings};
use hanbeon_domain::{Payment, Refund, SessionId, Timestamp, TossOrderId, Verdict, Won};
use hanbeon_psp::{Page, Psp};
use hanbeon_store::{Expired, NewWebhook, SavedAmount, Store, WEBHOOKS_KEPT_MAX, WebhookId, WebhookVerdict};
use hanbeon_testkit::memory::MemoryStore;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Nobody asks it.
struct NoToss;

#[async_trait]
impl Psp for NoToss {
    async fn confirm(&self, _: &Payment) -> Verdict {
        unreachable!()
    }
    async fn lookup(&self, _: &Payment) -> Verdict {
        unreachable!()
    }
    async fn cancel(&self, _: &Payment, _: &Refund) -> Verdict {
        unreachable!()
    }
    async fn transactions(&self, _: Timestamp, _: Timestamp, _: Option<&str>) -> Result<Page, String> {
        unreachable!()
    }
}

/// A clock that follows tokio's, which the test moves.
struct VirtualEnv(Instant);

impl Env for VirtualEnv {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0).plus(DAY * 365 + self.0.elapsed())
    }
    fn random(&self) -> [u8; 32] {
        [7; 32]
    }
}

/// Says no so many times, and keeps what comes then.
#[derive(Default)]
struct Shelf {
    refuses: AtomicUsize,
    /// How long the disk takes.
    takes: Duration,
    rows: Mutex<Vec<Expired>>,
    /// Happens while it keeps.
    meanwhile: Option<(Arc<dyn Store>, SavedAmount)>,
}

#[async_trait]
impl Archive for Shelf {
    async fn keep(&self, rows: Vec<Expired>) -> io::Result<Vec<Expired>> {
        if self.refuses.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(io::Error::other("no room"));
        }
        tokio::time::sleep(self.takes).await;
        self.rows.lock().unwrap().extend(rows.clone());
        if let Some((store, again)) = &self.meanwhile {
            store.save_amount(again, Timestamp::from_micros(0).plus(DAY * 365)).await.unwrap();
        }
        Ok(rows)
    }
}

fn app(store: &Arc<dyn Store>) -> Arc<App> {
    let env = Arc::new(VirtualEnv(Instant::now()));
    App::new(Arc::clone(store), Arc::new(NoToss), env, Settings::default())
}

fn saved(number: u64) -> SavedAmount {
    let mut session = [0; 32];
    session[..8].copy_from_slice(&number.to_be_bytes());
    SavedAmount {
        session: SessionId::from_bytes(session),
        toss_order: TossOrderId::parse(format!("order-{number}")).unwrap(),
        amount: Won::new(1_000).unwrap(),
    }
}

/// A store in which so many amounts have been for a year.
async fn store_with(amounts: u64) -> Arc<dyn Store> {
    let store = MemoryStore::new();
    for number in 0..amounts {
        store.save_amount(&saved(number), Timestamp::from_micros(1)).await.unwrap();
    }
    Arc::new(store)
}

async fn is_there(store: &Arc<dyn Store>, number: u64) -> bool {
    store.session_exists(saved(number).session).await.unwrap()
}

#[tokio::test]
async fn nothing_goes_that_the_archive_has_not_taken() {
    let store = store_with(3).await;
    let (app, shelf) = (app(&store), Shelf { refuses: 1.into(), ..Shelf::default() });
    let refused = app.purge_once(Some(&shelf)).await;
    assert!(matches!(refused, Err(NotForgotten::Archive(_))), "{refused:?}");
    assert!(is_there(&store, 0).await && is_there(&store, 2).await);
    let all = Purged { read: 3, gone: 3 };
    assert_eq!(app.purge_once(Some(&shelf)).await.unwrap(), all);
    assert_eq!(shelf.rows.lock().unwrap().len(), 3);
    assert!(!is_there(&store, 0).await);
    assert_eq!(app.purge_once(Some(&shelf)).await.unwrap(), Purged::default());
}

#[tokio::test]
async fn what_changes_while_it_is_archived_stays() {
    let store = store_with(3).await;
    let meanwhile = Some((Arc::clone(&store), saved(1)));
    let (app, shelf) = (app(&store), Shelf { meanwhile, ..Shelf::default() });
    assert_eq!(app.purge_once(Some(&shelf)).await.unwrap(), Purged { read: 3, gone: 2 });
    assert!(is_there(&store, 1).await, "the buyer has come back");
    assert!(store.consume_amount(&saved(1), Timestamp::from_micros(2)).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_is_mended_takes_what_is_left() {
    let store = store_with(1_200).await;
    let (app, shelf) = (app(&store), Shelf { refuses: 2.into(), ..Shelf::default() });
    let (stop, begun) = (CancellationToken::new(), Instant::now());
    let mended = async {
        while is_there(&store, 1_199).await {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        stop.cancel();
        begun.elapsed()
    };
    let ((), took) = tokio::join!(app.purge_until(Some(&shelf), stop.cancelled()), mended);
    assert!((Duration::from_secs(120)..Duration::from_secs(180)).contains(&took), "{took:?}");
    assert_eq!(shelf.rows.lock().unwrap().len(), 1_200, "each once");
}

/// It is told of every minute, and is no reason not to stop.
#[tokio::test(start_paused = true)]
async fn an_archive_that_hangs_is_a_failure_and_keeps_nobody_from_stopping() {
    const HANGS: Duration = Duration::from_secs(200);
    const A_LITTLE_LESS: Duration = Duration::from_secs(199);
    let store = store_with(600).await;
    let (app, shelf) = (app(&store), Shelf { takes: HANGS, ..Shelf::default() });
    let (stop, begun) = (CancellationToken::new(), Instant::now());
    let during = async {
        tokio::time::sleep(A_LITTLE_LESS).await;
        let told = app.counters().read().find(|(what, _)| *what == Counted::RetentionFailed);
        assert_eq!(told, Some((Counted::RetentionFailed, 3)), "one for every minute");
        assert!(is_there(&store, 0).await);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!is_there(&store, 0).await && is_there(&store, 599).await, "it has answered at last");
        stop.cancel();
    };
    tokio::join!(app.purge_until(Some(&shelf), stop.cancelled()), during);
    assert!(begun.elapsed() < HANGS + Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(shelf.rows.lock().unwrap().len(), 500, "the second step was under way");
}

/// Two servers over one store, at the same rows at the same moments: all goes in a while, and little is archived twice.
#[tokio::test(start_paused = true)]
async fn two_servers_that_forget_the_same_get_out_of_each_others_way() {
    const ROWS: usize = 4_000;
    let store = store_with(ROWS.try_into().unwrap()).await;
    let (one, other, stop) = (app(&store), app(&store), CancellationToken::new());
    let shelves = [(); 2].map(|()| Shelf { takes: Duration::from_millis(20), ..Shelf::default() });
    let begun = Instant::now();
    let gone = async {
        while one.counters().rows_forgotten() + other.counters().rows_forgotten() < ROWS.try_into().unwrap() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stop.cancel();
        begun.elapsed()
    };
    let ((), (), took) = tokio::join!(
        one.purge_until(Some(&shelves[0]), stop.cancelled()),
        other.purge_until(Some(&shelves[1]), stop.cancelled()),
        gone
    );
    assert!(took < Duration::from_secs(3), "{took:?}");
    let lines: usize = shelves.iter().map(|shelf| shelf.rows.lock().unwrap().len()).sum();
    assert!((ROWS..ROWS + ROWS / 5).contains(&lines), "{lines} lines of {ROWS} rows");
}

/// Beyond its bound the store drops the oldest without asking anybody.
#[tokio::test]
async fn with_an_archive_webhooks_go_before_the_store_drops_them() {
    let store = store_with(0).await;
    let keep = async |number: u64| {
        let new = NewWebhook {
            received_at: Timestamp::from_micros(0).plus(DAY * 365),
            transmission_id: None,
            meaning: number.to_string(),
            event_type: "PAYMENT_STATUS_CHANGED".to_owned(),
            hint: None,
            verdict: WebhookVerdict::Known,
            body: b"{}".to_vec(),
        };
        store.keep_webhook(&new, new.received_at).await.unwrap();
    };
    for number in 0..WEBHOOKS_KEPT_MAX / 2 + 3 {
        keep(number).await;
    }
    let (app, shelf) = (app(&store), Shelf::default());
    let none = app.purge_once(None).await.unwrap();
    assert_eq!(none, Purged::default(), "without one there is room for more");
    assert_eq!(app.purge_once(Some(&shelf)).await.unwrap(), Purged { read: 3, gone: 3 });
    let left = store.webhooks(None, usize::MAX).await.unwrap();
    assert_eq!(WebhookId::try_from(left.len()).unwrap(), WEBHOOKS_KEPT_MAX / 2);
}
