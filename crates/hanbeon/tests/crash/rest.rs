//! How a round comes to its end.
use crate::street::{Ask, Heard, Keyed, Tale, is_final};
use crate::support::{Answer, Api, BOUND, World, at_once, send, until};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::collections::HashSet;
use std::time::{Duration, Instant};
use toss_sandbox::{Operation, SentWebhook, WebhookState};

/// Who asks at the same time.
const ASKING: usize = 8;

/// A database whose server is dead, which stays as it is otherwise: nothing of its log is tidied away.
fn between_lives(world: &World) -> Connection {
    let db = world.db();
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).expect("a setting");
    db
}

/// The minute is over that a claim is its claimant's, who is dead.
pub(crate) fn claims_run_out(world: &World) {
    let aged = "UPDATE claims SET until = until - 61000000 WHERE answer_status IS NULL";
    between_lives(world).execute(aged, []).expect("older claims");
}

/// The same, and what is due within a minute is due at once: nobody here waits for the next try of a look that failed.
pub(crate) fn a_minute_passes(world: &World) {
    claims_run_out(world);
    let due = "UPDATE payments SET due_at = due_at - 61000000 WHERE due_at IS NOT NULL";
    between_lives(world).execute(due, []).expect("earlier turns");
}

/// Waits until every webhook has arrived that was not dropped. Then, for cancels in the dashboard that nothing told us
/// of, one is sent by hand, once; says for how many. (Otherwise they are found in Toss's list, some hours later.)
pub(crate) async fn webhooks_arrive(world: &World) -> usize {
    world.toss.clear_webhook_faults();
    until("the webhooks have arrived", async || {
        let waiting: Vec<_> =
            sent(world).into_iter().filter(|webhook| !is_over(webhook)).map(|webhook| webhook.id).collect();
        for id in &waiting {
            // Nobody waits for its next try. One that is on its way needs no help.
            let _ = world.toss.resend_webhook(*id);
        }
        waiting.is_empty().then_some(())
    })
    .await;
    let sent = sent(world);
    let tells = |webhook: &SentWebhook, transaction: &str| webhook.body.contains(transaction);
    let delivered = |webhook: &&SentWebhook| webhook.state == WebhookState::Delivered;
    let mut again = HashSet::new();
    for cancel in world.journal() {
        if cancel.operation != Operation::DashboardCancel {
            continue;
        }
        let transaction = cancel.transaction_key.expect("a cancel has one");
        if !sent.iter().filter(delivered).any(|webhook| tells(webhook, &transaction)) {
            let dropped = sent.iter().rev().find(|webhook| tells(webhook, &transaction));
            again.insert(dropped.expect("Toss wanted to tell").id);
        }
    }
    for id in &again {
        world.toss.resend_webhook(*id).expect("it was dropped");
    }
    until("they have arrived", async || {
        let is_here =
            |webhook: &SentWebhook| !again.contains(&webhook.id) || webhook.state == WebhookState::Delivered;
        self::sent(world).iter().all(is_here).then_some(())
    })
    .await;
    again.len()
}

fn sent(world: &World) -> Vec<SentWebhook> {
    crate::books::sent(world)
}

fn is_over(webhook: &SentWebhook) -> bool {
    matches!(webhook.state, WebhookState::Delivered | WebhookState::Failed | WebhookState::Dropped)
}

/// Everything that was asked under a key, once more, by whoever asked it; how many, and how many of them had no answer
/// before.
pub(crate) async fn asked_again(world: &World, tales: &mut [Tale]) -> (usize, usize) {
    let keyed: Vec<_> = tales
        .iter()
        .enumerate()
        .flat_map(|(at, tale)| tale.keyed.iter().map(move |keyed| (at, keyed.clone())))
        .collect();
    let lanes = (0..ASKING).map(|lane| {
        let mine: Vec<_> = keyed.iter().skip(lane).step_by(ASKING).cloned().collect();
        let api = world.api.clone();
        async move {
            let mut heard = Vec::new();
            for (at, keyed) in mine {
                let answer = ask(&api, &keyed).await;
                heard.push((at, Heard { asked: Ask::Keyed(keyed), answer }));
            }
            heard
        }
    });
    let mut first = 0;
    for (at, heard) in at_once(lanes).await.into_iter().flatten() {
        let tale = &mut tales[at];
        first += usize::from(!tale.heard.iter().any(|before| before.asked == heard.asked));
        tale.heard.push(heard);
    }
    (keyed.len(), first)
}

async fn ask(api: &Api, keyed: &Keyed) -> Answer {
    let started = Instant::now();
    loop {
        let answer = send(keyed.request(api)).await;
        if is_final(&answer) {
            return answer;
        }
        assert!(started.elapsed() < BOUND, "{keyed:?} is not answered: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Nothing is under way, nothing waits for its turn, and nothing is to be looked at.
pub(crate) async fn until_all_rests(world: &World) {
    let query = "SELECT
        (SELECT count(*) FROM payments WHERE state IN ('confirming', 'canceling') OR held = 1 OR look = 1
           OR noticed_at IS NOT NULL)
        + (SELECT count(*) FROM refunds WHERE state IN ('queued', 'sending'))";
    let db = world.db();
    until("all rests", async || {
        let moving: i64 = db.query_row(query, [], |row| row.get(0)).expect("a count");
        (moving == 0).then_some(())
    })
    .await;
}
