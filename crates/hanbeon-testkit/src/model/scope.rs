//! How large a world is looked at, and the bugs that can be planted in it.

/// How much there is of everything. What is bounded is bounded here, and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Scope {
    /// Which paymentKey each client confirms, `None` for a client that is not there. All are for the same order.
    pub clients: [Option<u8>; CLIENTS],
    /// What the shop asks to give back, one wish each.
    pub wishes: [Option<Wish>; WISHES],
    /// Does the buyer pay into a virtual account?
    pub deposit: bool,
    /// How often the server dies. All that it had in memory is gone; a new one starts.
    pub crashes: u8,
    /// How many calls go wrong: see [`Left::faults`].
    pub faults: u8,
    /// How often a lease ends while its holder goes on, because it slept.
    pub lapses: u8,
    /// How many webhooks come, at any time, also while a payment is worked on.
    pub webhooks: u8,
    /// How often Toss says no to a charge.
    pub declines: u8,
    /// How often Toss says no to a refund, without a reason that we could see.
    pub refusals: u8,
    /// What somebody cancels in Toss's own console, at any time.
    pub elsewhere: Option<Wish>,
    /// How often Toss ignores a cancel that comes soon after another, and answers as if it had carried it out.
    pub ignored: u8,
    /// How often Toss carries a confirm out after its own window, or after it has said no.
    pub lates: u8,
    /// May a payment be taken over while two that are superseded are still at work on it, and not only one?
    pub crowded: bool,
    /// Is money that turns up late kept, where nothing else has paid the order? Otherwise it goes back.
    pub keeps_late: bool,
    /// Tries without a fact before a human is asked; `None`: never.
    pub patience: Option<u8>,
    /// Are states kept apart that differ in nothing that can ever matter? Only to show that it does not.
    pub apart: bool,
    /// A bug that is planted.
    pub bug: Option<Bug>,
}

/// Two are enough for every race between equals.
pub const CLIENTS: usize = 2;
/// Likewise.
pub const WISHES: usize = 2;
/// One payment by each client.
pub const KEYS: usize = 2;
/// What may be cancelled of a payment: each wish, then [`LATE`], then [`ELSEWHERE`].
pub(super) const CANCELS: usize = WISHES + 2;
/// Our own refund of money that turned up late.
pub(super) const LATE: usize = WISHES;
/// The one in Toss's console.
pub(super) const ELSEWHERE: usize = WISHES + 1;
/// What the order costs, in won: enough for two parts and a rest.
pub const TOTAL: u8 = 3;

/// What is to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Everything that is left.
    Whole,
    /// So many won.
    Part(u8),
}

/// What may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) crashes: u8,
    /// A call that moves money: the request does not leave; silence, and it happens later or never; an error is
    /// answered, and it has happened, happens later, or never. A look-up: silence; another payment is shown; "I do
    /// not know it", though Toss does.
    pub(super) faults: u8,
    pub(super) lapses: u8,
    pub(super) webhooks: u8,
    pub(super) declines: u8,
    pub(super) refusals: u8,
    pub(super) elsewhere: Option<Wish>,
    pub(super) ignored: u8,
    pub(super) lates: u8,
}

/// A planted bug: the model has to find each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The store lets a superseded holder write.
    NoFencing,
    /// Every call has an idempotency key of its own.
    FreshKeys,
    /// Toss charges a paymentKey as often as it is told to; only idempotency keys still stop it.
    ChargesTwice,
    /// Both of the above.
    FreshKeysAndChargesTwice,
    /// "I do not know this payment" is taken for a fact inside the window.
    AbsentBelieved,
    /// Silence is taken for a no.
    SilenceMeansNo,
    /// A no is believed although an earlier call may have been a yes.
    LateRefusalBelieved,
    /// An answer is judged by the clock when it is recorded, not by the clock when the question was asked.
    JudgedLate,
    /// The store says that an intent is written, and it never is.
    IntentsAreNotDurable,
    /// A payment begins although another one holds the order.
    OrderIsNotClaimed,
    /// A refund begins although somebody else has taken the payment over since it was read.
    RefundsAreNotClaimed,
    /// A refusal is believed although a call under an earlier key may still land.
    EarlierKeysForgotten,
    /// Whoever slept through its lease, and a whole window, still sends what it was about to send.
    SendsHoweverLate,
    /// A cancel that Toss ignored is repeated under its key.
    IgnoredKeyKept,
    /// Nobody looks at a payment that was given up, whoever gives notice.
    TheDeadAreNotLookedAt,
    /// Late money claims its order, although another payment holds it.
    LateMoneyClaims,
    /// The store forgets when a payment is due.
    NobodyComesBack,
    /// A webhook is believed, though anybody can send one.
    WebhookIsBelieved,
}

impl Scope {
    /// One buyer, and nothing goes wrong.
    #[must_use]
    pub const fn calm() -> Self {
        Self {
            clients: [Some(0), None],
            wishes: [None; WISHES],
            deposit: false,
            crashes: 0,
            faults: 0,
            lapses: 0,
            webhooks: 0,
            declines: 0,
            refusals: 0,
            elsewhere: None,
            ignored: 0,
            lates: 0,
            crowded: false,
            keeps_late: false,
            patience: None,
            apart: false,
            bug: None,
        }
    }

    /// May it be that only a human can end it? If Toss did not speak in as many tries as we have patience for; and if it
    /// will not take late money back: it refuses, or a deposit has come in, for which it wants a bank account that nobody
    /// gave us.
    pub(super) const fn may_need_a_human(&self) -> bool {
        self.patience.is_some() || (0 < self.lates && (self.deposit || 0 < self.refusals))
    }

    pub(super) const fn left(&self) -> Left {
        let Self { crashes, faults, lapses, webhooks, declines, refusals, elsewhere, ignored, lates, .. } =
            *self;
        Left { crashes, faults, lapses, webhooks, declines, refusals, elsewhere, ignored, lates }
    }
}
