//! Everything that there is at one instant: small values only, so that millions of them fit into memory. A payment
//! is a number in the [`Table`](super::table::Table), which keeps the real ones.
use super::scope::{CANCELS, CLIENTS, KEYS, Left, TOTAL, WISHES};
use hanbeon_domain::TossStatus;
use std::num::NonZeroU8;

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct World {
    /// The time. See [`Table::settle_time`](super::table::Table::settle_time): only what is before what matters.
    pub(super) now: u8,
    pub(super) left: Left,
    /// The store: the payment of each paymentKey, and each refund.
    pub(super) rows: [Option<Row>; KEYS],
    pub(super) refunds: [Refund; WISHES],
    /// Those that wait for their turn, oldest first.
    pub(super) queue: [Option<u8>; WISHES],
    /// Which row was begun last.
    pub(super) newest: Option<u8>,
    /// What the server has in memory.
    pub(super) clients: [Client; CLIENTS],
    pub(super) wishes: [Wisher; WISHES],
    pub(super) workers: [Option<Worker>; WORKERS],
    /// Toss.
    pub(super) accounts: [Account; KEYS],
    pub(super) flights: [Option<Flight>; FLIGHTS],
    pub(super) memory: [Option<(KeyNo, Said)>; MEMORY],
    /// What clients were told, by paymentKey: that nothing will be charged, because another payment has the order.
    pub(super) turned_away: [bool; KEYS],
    /// How many calls were made; counted only where a planted bug needs it.
    pub(super) calls: u8,
}

/// One worker for each request, and one of the recovery for each payment.
pub(super) const WORKERS: usize = CLIENTS + WISHES + KEYS;
/// The recovery's first.
pub(super) const RECOVERY: usize = CLIENTS + WISHES;
/// Calls that are on their way at once.
pub(super) const FLIGHTS: usize = 5;
/// Idempotency keys that Toss keeps.
pub(super) const MEMORY: usize = 8;

/// The number of a payment in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PaymentNo(pub(super) u16);
/// The number of an idempotency key in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct KeyNo(pub(super) u8);

/// A payment in the store. Its version is not here: every copy knows instead whether it is [stale](Worker::stale).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) payment: PaymentNo,
    pub(super) due: Due,
    /// Has whoever takes it over a reason to look at Toss?
    pub(super) look: bool,
    /// Has a notice come that nobody has taken up?
    pub(super) noticed: bool,
    /// Of money that turned up late.
    pub(super) late: Ended,
    /// The cancels that are recorded as made elsewhere, as bits.
    pub(super) elsewhere: u8,
    /// Was anybody told that nothing was taken, or that all of it was given back?
    pub(super) told_failed: bool,
}

impl Row {
    /// A payment that has just begun.
    pub(super) const fn held(payment: PaymentNo) -> Self {
        let (look, noticed, late, elsewhere, told_failed) = (false, false, Ended::NotBegun, 0, false);
        Self { payment, due: Due::Held, look, noticed, late, elsewhere, told_failed }
    }
}

/// When somebody has to look at a payment next.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Due {
    Never,
    Now,
    /// When the lease is over.
    Held,
}

/// A refund in the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Refund {
    /// Of which payment.
    pub(super) row: u8,
    /// How much, while it is open.
    pub(super) amount: u8,
    pub(super) ended: Ended,
}

/// Where a refund stands, and how it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Ended {
    NotBegun,
    /// It waits for its turn.
    Queued,
    Open,
    /// Toss's list has it in this place.
    Done(u8),
    Refused,
    Review,
}

/// A buyer's request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// Not there yet.
    Away,
    /// The server has decided to begin this payment, and has not written it.
    Decided(PaymentNo),
    /// There is a payment, or there will be none. What a client hears is what is in the store.
    Served,
}

/// A shop's request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wisher {
    Away,
    /// The server has admitted so much, and has not queued it.
    Decided {
        row: u8,
        amount: u8,
    },
    Served,
}

/// Somebody who carries a payment on: `App::drive`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Worker {
    pub(super) row: u8,
    /// As the worker knows it.
    pub(super) payment: PaymentNo,
    pub(super) at: At,
    /// Was the row written or taken over by somebody else since? The store finds that out by the version.
    pub(super) stale: bool,
    /// The refund whose turn it is, once the payment rests.
    pub(super) waiting: Option<u8>,
}

/// Where a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum At {
    /// What it is about to do.
    Todo(Todo),
    /// It has asked Toss to move money, at that time, and waits.
    Waits(u8),
    /// It has an answer, which is judged by that time; `None`: by the time at which it is.
    Heard(Said, Option<u8>),
}

/// [`Action`](hanbeon_domain::Action), without times.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Todo {
    Confirm,
    Lookup,
    Cancel,
    GiveUp,
    /// [`App::turn`](hanbeon_app::App): the refund whose turn it is.
    GiveBack,
    RestUntilDue,
    Rest,
}

/// What a call ended in: [`Verdict`](hanbeon_domain::Verdict), without words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Said {
    Seen(Shown),
    Refused,
    ReadIt,
    Absent,
    NotSent,
    Silence,
    Error,
    NotOurs,
    /// Nobody was asked any more.
    Exhausted,
}

/// What Toss shows of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Shown {
    pub(super) status: TossStatus,
    pub(super) balance: u8,
    /// Its list of cancels, each in a place of its own.
    pub(super) cancels: [Option<Listed>; CANCELS],
}

/// A cancel in Toss's list: how much it was, and what it left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Listed(NonZeroU8);

impl Listed {
    pub(super) fn new(amount: u8, left: u8) -> Option<Self> {
        NonZeroU8::new(amount << 4 | left).map(Self)
    }

    pub(super) fn amount(self) -> u8 {
        self.0.get() >> 4
    }

    pub(super) fn left(self) -> u8 {
        self.0.get() & 0xF
    }
}

impl Shown {
    fn order(self) -> (&'static str, u8, [Option<Listed>; CANCELS]) {
        (self.status.as_str(), self.balance, self.cancels)
    }
}

impl PartialOrd for Shown {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Shown {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// A payment in Toss's books.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Account {
    /// `READY`: the buyer has not authenticated it.
    pub(super) status: TossStatus,
    pub(super) balance: u8,
    pub(super) charges: u8,
    /// How often each refund was carried out.
    pub(super) cancels: [u8; CANCELS],
    pub(super) listed: [Option<Listed>; CANCELS],
    /// It was charged when it should not have been any more.
    pub(super) late: bool,
    /// More was to be given back than there was.
    pub(super) overdrawn: bool,
}

/// A call that moves money, on its way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Flight {
    pub(super) row: u8,
    pub(super) call: Call,
    pub(super) key: KeyNo,
    /// The worker that waits for it; nobody if it has given up waiting or died.
    pub(super) waits: Option<u8>,
    /// Has an error been answered already? Toss repeats that, whatever this call still does.
    pub(super) answered: bool,
    /// May it land after every window?
    pub(super) late: bool,
}

/// What is asked of Toss.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Call {
    Confirm,
    /// `wish`: its place in [`Account::cancels`].
    Cancel {
        wish: u8,
        amount: u8,
        balance_before: u8,
    },
}

impl World {
    pub(super) fn new(left: Left) -> Self {
        let account = Account {
            status: TossStatus::Ready,
            balance: TOTAL,
            charges: 0,
            cancels: [0; CANCELS],
            listed: [None; CANCELS],
            late: false,
            overdrawn: false,
        };
        Self {
            now: 0,
            left,
            rows: [None; KEYS],
            refunds: [Refund { row: 0, amount: 0, ended: Ended::NotBegun }; WISHES],
            queue: [None; WISHES],
            newest: None,
            clients: [Client::Away; CLIENTS],
            wishes: [Wisher::Away; WISHES],
            workers: [None; WORKERS],
            accounts: [account; KEYS],
            flights: [None; FLIGHTS],
            memory: [None; MEMORY],
            turned_away: [false; KEYS],
            calls: 0,
        }
    }

    /// Somebody has written the row: every other copy of it is old from now on.
    pub(super) fn wrote(&mut self, row: u8, writer: Option<usize>) {
        for (slot, worker) in self.workers.iter_mut().enumerate() {
            if let Some(worker) = worker.as_mut().filter(|worker| worker.row == row) {
                worker.stale |= Some(slot) != writer;
            }
        }
    }

    /// The oldest refund of this payment that waits for its turn.
    pub(super) fn oldest_queued(&self, row: u8) -> Option<u8> {
        self.queue.iter().flatten().copied().find(|wish| self.refunds[at(*wish)].row == row)
    }

    /// What has become of a refund that has a place in Toss's list.
    pub(super) fn ended(&self, row: u8, place: u8) -> Ended {
        match self.refunds.get(at(place)) {
            Some(refund) => refund.ended,
            None => self.rows[at(row)].map_or(Ended::NotBegun, |row| row.late),
        }
    }

    pub(super) fn end(&mut self, row: u8, place: u8, ended: Ended, amount: u8) {
        match self.refunds.get_mut(at(place)) {
            Some(refund) => *refund = Refund { row, amount, ended },
            None => self.rows[at(row)].iter_mut().for_each(|row| row.late = ended),
        }
        let mut waiting =
            self.queue.into_iter().flatten().filter(|wish| *wish != place || ended == Ended::Queued);
        self.queue = std::array::from_fn(|_| waiting.next());
    }

    /// How often this cancel in Toss's list is explained by a record of ours.
    pub(super) fn explained(&self, row: u8, place: u8) -> u32 {
        let Some(kept) = self.rows[at(row)] else { return 0 };
        let ours = self.refunds.iter().filter(|refund| refund.row == row).map(|refund| refund.ended);
        let named = ours.chain([kept.late]).filter(|ended| *ended == Ended::Done(place)).count();
        u32::try_from(named).unwrap_or(u32::MAX) + u32::from(kept.elsewhere >> place & 1)
    }

    /// Does another payment hold the order?
    pub(super) fn order_is_held(&self, but: u8, holds: impl Fn(PaymentNo) -> bool) -> bool {
        let others = self.rows.iter().enumerate().filter(|(row, _)| *row != at(but));
        others.filter_map(|(_, row)| *row).any(|row| holds(row.payment))
    }

    pub(super) fn send(&mut self, flight: Flight) {
        let free = self.flights.iter_mut().find(|flight| flight.is_none());
        *free.expect("no more calls are on their way than FLIGHTS") = Some(flight);
        self.flights.sort_unstable();
    }

    pub(super) fn land(&mut self, at: usize) {
        self.flights[at] = None;
        self.flights.sort_unstable();
    }

    pub(super) fn recall(&self, key: KeyNo) -> Option<Said> {
        self.memory.iter().flatten().find(|(kept, _)| *kept == key).map(|(_, said)| *said)
    }

    pub(super) fn remember(&mut self, key: KeyNo, said: Said) {
        let free = self.memory.iter_mut().find(|kept| kept.is_none());
        *free.expect("no more idempotency keys than MEMORY") = Some((key, said));
        self.memory.sort_unstable();
    }
}

impl Account {
    pub(super) fn shows(self) -> Said {
        Said::Seen(Shown { status: self.status, balance: self.balance, cancels: self.listed })
    }

    /// Does it hold, or is it about to hold, a buyer's money?
    pub(super) fn holds_money(self) -> bool {
        use TossStatus as T;
        match self.status {
            T::Done | T::PartialCanceled => 0 < self.balance,
            T::WaitingForDeposit => true,
            _ => false,
        }
    }
}

/// A place in one of the arrays.
pub(super) fn at(number: u8) -> usize {
    usize::from(number)
}

/// A place in one of the arrays, as it is kept.
pub(super) fn small(place: usize) -> u8 {
    u8::try_from(place).expect("the arrays are small")
}
