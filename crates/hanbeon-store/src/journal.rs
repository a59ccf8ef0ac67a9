//! The history of a payment: lines that are only ever added, each sealed together with the one before it.
use hanbeon_domain::{PaymentId, Timestamp};
use sha2::{Digest as _, Sha256};

/// SHA-256 over a line and the seal of the line before it.
pub type Seal = [u8; 32];

/// What the first line of a payment is sealed with.
pub const CHAIN_START: Seal = [0; 32];

/// One line of a payment's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// The version of the payment that the line produced. Grows from line to line, with gaps where the payment was
    /// taken over.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// What happened, without personal data.
    pub event: String,
    /// SHA-256 of Toss's answer, if one was the reason: proves later which answer it was, without keeping it.
    pub evidence: Option<[u8; 32]>,
    /// See [`JournalLine::sealed_after`]. `None` in lines from before lines were sealed.
    pub seal: Option<Seal>,
}

impl JournalLine {
    /// What the seal of this line must be when `previous` is the seal of the line before it. Every field counts, with
    /// its length, so that no two lines have the same bytes.
    #[must_use]
    pub fn sealed_after(&self, previous: &Seal, payment: PaymentId) -> Seal {
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(payment.uuid().as_bytes());
        hash.update(self.version.to_be_bytes());
        hash.update(self.at.as_micros().to_be_bytes());
        for text in [&self.actor, &self.from, &self.to, &self.event] {
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.update([u8::from(self.evidence.is_some())]);
        hash.update(self.evidence.unwrap_or_default());
        hash.finalize().into()
    }

    /// The line that a step adds, sealed after the last one.
    #[must_use]
    pub fn of(step: &hanbeon_domain::Step, previous: &Seal) -> Self {
        Self::unsealed(step).sealed(previous, step.next.id)
    }

    /// The same, before it is known which line it follows.
    #[must_use]
    pub fn unsealed(step: &hanbeon_domain::Step) -> Self {
        let evidence = step.evidence.as_ref().map(|evidence| Sha256::digest(&evidence.body).into());
        Self {
            version: step.next.version,
            at: step.at,
            actor: step.actor.as_str().to_owned(),
            from: step.from.as_str().to_owned(),
            to: step.next.state.name().as_str().to_owned(),
            event: step.event.clone(),
            evidence,
            seal: None,
        }
    }

    /// The line as it is kept after the one with the seal `previous`.
    #[must_use]
    pub fn sealed(self, previous: &Seal, payment: PaymentId) -> Self {
        let seal = self.sealed_after(previous, payment);
        Self { seal: Some(seal), ..self }
    }
}
