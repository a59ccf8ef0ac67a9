//! An operator at the machine: the binary's other commands, beside the running server.
use crate::buyer::Buyer;
use crate::shop::Shop;
use crate::support::{BOUND, World, send, until};
use std::process::{Output, Stdio};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use toss_sandbox::{FaultKind, FaultOperation, FaultRule};

/// What a command said, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// It went well; what it printed.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// It did not, and says why.
    #[track_caller]
    pub(crate) fn badly(&self, why: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.err.contains(why), "{why:?} is not in {self:?}");
        assert!(self.err.starts_with("hanbeon: "), "{self:?}");
    }

    /// The command line itself is wrong.
    #[track_caller]
    pub(crate) fn is_no_command(&self) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.err.starts_with("error: ") && self.err.contains("--help"), "{self:?}");
    }
}

impl World {
    /// Nobody types anything.
    pub(crate) async fn tool(&self, arguments: &[&str]) -> Said {
        Said::of(self.run(arguments).await)
    }

    /// The same, and somebody types this.
    pub(crate) async fn tool_typing(&self, arguments: &[&str], typed: &str) -> Said {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A command that asks nothing may be gone already.
        let _ = stdin.write_all(typed.as_bytes()).await;
        drop(stdin);
        Said::of(timeout(BOUND, child.wait_with_output()).await.expect("it ends").expect("its output"))
    }

    pub(crate) async fn metric(&self, line: &str) -> Option<u64> {
        let metrics = send(self.api.get("/metrics")).await.body;
        let found = metrics.lines().find_map(|given| given.strip_prefix(line)?.strip_prefix(' '));
        found.map(|count| count.parse().expect("a number"))
    }

    /// Toss answers nothing useful about this payment until its faults are cleared.
    pub(crate) fn toss_keeps_silent_about(&self, key: &str) {
        let kind = FaultKind::FailBefore { status: 500, code: None };
        self.toss
            .add_fault(FaultRule::new(FaultOperation::Read, kind).on_payment(key).times(0))
            .expect("a rule");
    }

    /// What two hours and 160 tries come to: the payment has been asked about as often as it may be, and is due.
    pub(crate) async fn lose_patience_with(&self, key: &str) {
        let query = "UPDATE payments SET tries = 160, due_at = 0
                     WHERE toss_payment_key = ?1 AND tries > 0 AND held = 0";
        let db = self.db();
        until("it has been tried, and nobody is at it", async || {
            (db.execute(query, [key]).expect("an update") == 1).then_some(())
        })
        .await;
        self.until_stored(key, "needs_review").await;
        self.until_quiet().await;
    }
}

/// A buyer whose confirm met this fault, and a Toss that does not tell what became of it until the patience was over.
pub(crate) async fn in_review(world: &World, confirm: FaultKind) -> (Buyer, Shop) {
    let buyer = Buyer::ready(world, 1_000).await;
    world.toss_keeps_silent_about(&buyer.key);
    world
        .toss
        .add_fault(FaultRule::new(FaultOperation::Confirm, confirm).on_payment(&buyer.key))
        .expect("a rule");
    buyer.confirm(&world.api).await.has_status(202);
    world.lose_patience_with(&buyer.key).await;
    let shop = Shop::of(world, &buyer).await;
    (buyer, shop)
}

/// Tells the buyer "pending" soon: nobody will know for a long time.
pub(crate) const CURT: &str = "[limits]\nanswer_within_ms = 300\n";
