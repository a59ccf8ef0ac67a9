//! The clock and the dice. Everything else takes the time and ids as values.
use hanbeon_domain::{PaymentId, RefundId, Timestamp};
use uuid::{Builder, Uuid};

/// Where the time and randomness come from.
pub trait Env: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// 32 bytes that nobody can guess.
    fn random(&self) -> [u8; 32];

    /// A named point of the walk, one of [`POINTS`]. Nothing happens, except in tests, which may end the process
    /// here.
    fn reached(&self, _point: &'static str) {}
}

/// The points between two effects, where a crash leaves something to find out, in the order of the walk.
pub const POINTS: [&str; 10] = [
    "refund queued",
    "leased",
    "intent stored",
    "before the call",
    "verdict in hand",
    "recorded",
    "before compensating",
    "before the unrecorded cancel",
    "after the unrecorded cancel",
    "before answering",
];

/// The machine's own clock and the kernel's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    #[expect(clippy::disallowed_methods, reason = "the one place where the real clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }

    fn random(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("a machine without randomness cannot make secrets");
        bytes
    }
}

/// Now, as names that sort by the time of their making begin: in ms since 1970.
pub(crate) fn millis(env: &dyn Env) -> u64 {
    u64::try_from(env.now().as_micros() / 1000).unwrap_or(0)
}

/// A UUID of version 7: it sorts by the time of its making, which keeps B-trees compact.
pub(crate) fn uuid(env: &dyn Env) -> Uuid {
    let mut random = [0; 10];
    random.copy_from_slice(&env.random()[..10]);
    Builder::from_unix_timestamp_millis(millis(env), &random).into_uuid()
}

pub(crate) fn payment_id(env: &dyn Env) -> PaymentId {
    PaymentId::from_uuid(uuid(env))
}

pub(crate) fn refund_id(env: &dyn Env) -> RefundId {
    RefundId::from_uuid(uuid(env))
}
