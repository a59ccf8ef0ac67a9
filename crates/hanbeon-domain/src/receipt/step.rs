//! How a receipt changes: what a call or a list means, where it stands.
//!
//! Issuing is sent once. Whatever does not answer it clearly is looked for in the list of the day, and is believed to be
//! absent only when no call can land any more. Cancelling is repeated under the same key; another key follows only an
//! answered error, and a list that shows, after the same time, that nothing happened.
use super::{Canceling, Paper, Reason, Receipt, ReceiptCancel, ReceiptState as S};
use crate::{Moment, Timestamp, Won};

/// What was heard of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptHeard {
    /// Toss issued it.
    Issued(Paper),
    /// Toss took it, and the tax service has refused it.
    Failed(Reason),
    /// Toss cancelled so much of it.
    Canceled(ReceiptCancel),
    /// Everything that Toss lists under its name, of all days on which it can be listed.
    Listed(Vec<Listed>),
    /// No, and no means that nothing happened.
    Refused(Reason),
    /// It has been done before, or cannot be any more: a reason to look, not yet a fact.
    DoneBefore(Reason),
    /// The request never left this machine.
    NotSent(String),
    /// Anything may have happened.
    Unclear {
        /// Did an answer come at all? Toss may repeat it under the same key.
        answered: bool,
        /// In words for the log.
        why: String,
    },
}

/// A row of Toss's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// The receipt itself.
    Receipt {
        /// What Toss calls it.
        paper: Paper,
        /// Over how much.
        amount: Won,
        /// Why the tax service refused it, if it has.
        failure: Option<Reason>,
    },
    /// A cancel of it.
    Cancel(ReceiptCancel),
}

/// What to do once the new state is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptAction {
    /// Cancel.
    Cancel,
    /// Ask for the lists.
    Look,
    /// Nothing; or nothing until `due`.
    Rest {
        /// When to ask again.
        due: Option<Timestamp>,
    },
}

/// One move, finished in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptStep {
    /// The receipt as it will be.
    pub next: Receipt,
    /// What to do then.
    pub then: ReceiptAction,
}

impl ReceiptHeard {
    /// Its name, for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Issued(_) => "issued",
            Self::Failed(_) => "failed",
            Self::Canceled(_) => "canceled",
            Self::Listed(_) => "listed",
            Self::Refused(_) => "refused",
            Self::DoneBefore(_) => "done_before",
            Self::NotSent(_) => "not_sent",
            Self::Unclear { .. } => "unclear",
        }
    }
}

const REST: ReceiptAction = ReceiptAction::Rest { due: None };

impl Receipt {
    /// What whoever takes this over does first: look, never act. `left` is what is left of the payment. `None` when there
    /// is nothing to do.
    #[must_use]
    pub fn resume(&self, left: Won, moment: Moment<'_>) -> Option<ReceiptStep> {
        let too_many = "Toss did not tell the outcome in as many tries as allowed";
        match &self.state {
            S::Issuing { tries } if moment.policy.tries_max <= *tries => Some(self.review(too_many, None)),
            S::Canceling(canceling) if moment.policy.tries_max <= canceling.tries => {
                Some(self.review(too_many, Some(canceling)))
            }
            S::Issuing { .. } | S::Canceling(_) => {
                Some(ReceiptStep { next: self.clone(), then: ReceiptAction::Look })
            }
            S::Issued => Some(self.follow(left, moment.now)),
            S::Canceled | S::Failed(_) | S::NeedsReview { .. } => None,
        }
    }

    /// What goes too far is to be cancelled.
    fn follow(&self, left: Won, now: Timestamp) -> ReceiptStep {
        let Some(amount) = self.in_force().minus(left).filter(|amount| !amount.is_zero()) else {
            return self.move_to(S::Issued, REST);
        };
        let canceling = Canceling {
            amount,
            since: now,
            called_at: now,
            tries: 0,
            round: 0,
            answered: false,
            landing: false,
            refusal: None,
        };
        self.move_to(S::Canceling(canceling), ReceiptAction::Cancel)
    }

    /// What becomes of it when a call or a list has ended so; for a list, `moment` is when it was asked for. `None` when
    /// nothing was under way.
    #[must_use]
    pub fn step(&self, heard: ReceiptHeard, moment: Moment<'_>) -> Option<ReceiptStep> {
        match &self.state {
            S::Issuing { tries } => Some(self.step_issuing(*tries, heard, moment)),
            S::Canceling(canceling) => Some(self.step_canceling(canceling, heard, moment)),
            S::Issued | S::Canceled | S::Failed(_) | S::NeedsReview { .. } => None,
        }
    }

    /// A human has set right what was in the way, or wants another look. `None` when it needs no human.
    #[must_use]
    pub fn again(&self, now: Timestamp) -> Option<ReceiptStep> {
        let S::NeedsReview { cancel, .. } = &self.state else { return None };
        let state = match cancel {
            // Toss may repeat its refusal under the last key: another one follows when the list allows it.
            Some(canceling) => S::Canceling(Canceling {
                called_at: now,
                tries: 0,
                answered: true,
                landing: true,
                refusal: None,
                ..canceling.clone()
            }),
            None => S::Issuing { tries: 0 },
        };
        Some(self.move_to(state, ReceiptAction::Rest { due: Some(now) }))
    }

    /// A human closes it by their word, because Toss never lets it go: from now on it proves nothing, and does not stand in
    /// the way of another one. `note` says who, when, and how they know. `None` when it needs no human.
    #[must_use]
    pub fn close(&self, note: &str) -> Option<ReceiptStep> {
        let S::NeedsReview { why, .. } = &self.state else { return None };
        Some(self.move_to(S::Failed(Reason::closed(note, why)), REST))
    }

    /// The tax service has refused it since, days after Toss took it. `None` unless it is at rest in force: whatever is under
    /// way looks at the list by itself.
    #[must_use]
    pub fn refused_since(&self, reason: Reason) -> Option<ReceiptStep> {
        (self.state == S::Issued).then(|| self.move_to(S::Failed(reason), REST))
    }

    /// When what we want to know of it can have been listed: the receipt itself, which the tax service may have refused
    /// since, and the cancel that is under way.
    #[must_use]
    pub fn listed_within(&self, moment: Moment<'_>) -> Vec<(Timestamp, Timestamp)> {
        let issued = (self.created_at, self.created_at.plus(moment.policy.confirm_window).min(moment.now));
        match &self.state {
            S::Canceling(canceling) => vec![issued, (canceling.since, moment.now)],
            _ => vec![issued],
        }
    }

    fn step_issuing(&self, tries: u32, heard: ReceiptHeard, moment: Moment<'_>) -> ReceiptStep {
        let later = ReceiptAction::Rest { due: Some(self.retry_at(tries, moment)) };
        let again = |then| self.move_to(S::Issuing { tries: tries + 1 }, then);
        match heard {
            ReceiptHeard::Issued(paper) => self.issued(paper),
            ReceiptHeard::Failed(reason) | ReceiptHeard::Refused(reason) => {
                self.move_to(S::Failed(reason), REST)
            }
            ReceiptHeard::NotSent(why) => self.move_to(S::Failed(Reason::not_issued(&why)), REST),
            ReceiptHeard::DoneBefore(_) => again(ReceiptAction::Look),
            ReceiptHeard::Listed(rows) => {
                let mut receipts = rows.into_iter().filter_map(|row| match row {
                    Listed::Receipt { paper, amount, failure } => Some((paper, amount, failure)),
                    Listed::Cancel(_) => None,
                });
                match (receipts.next(), receipts.next()) {
                    (None, _) if Self::is_over(self.created_at, tries, moment) => {
                        let why = "the request never reached Toss";
                        self.move_to(S::Failed(Reason::not_issued(why)), REST)
                    }
                    (None, _) => again(later),
                    (Some((_, _, Some(failure))), None) => self.move_to(S::Failed(failure), REST),
                    (Some((paper, amount, None)), None) if amount == self.amount => self.issued(paper),
                    (Some(_), _) => {
                        self.review("Toss lists other receipts under its name than we asked for", None)
                    }
                }
            }
            ReceiptHeard::Canceled(_) | ReceiptHeard::Unclear { .. } => again(later),
        }
    }

    fn issued(&self, paper: Paper) -> ReceiptStep {
        let step = self.move_to(S::Issued, REST);
        ReceiptStep { next: Self { paper: Some(paper), ..step.next }, ..step }
    }

    fn step_canceling(&self, was: &Canceling, heard: ReceiptHeard, moment: Moment<'_>) -> ReceiptStep {
        let tries = was.tries + 1;
        let later = ReceiptAction::Rest { due: Some(self.retry_at(was.tries, moment)) };
        let go_on = |next: Canceling, then| self.move_to(S::Canceling(Canceling { tries, ..next }), then);
        match heard {
            ReceiptHeard::Canceled(cancel) if cancel.amount == was.amount => self.canceled_by(&[cancel]),
            ReceiptHeard::Listed(rows) => self.step_listed(was, &rows, moment),
            ReceiptHeard::Refused(reason) | ReceiptHeard::DoneBefore(reason) => {
                let refusal = Some(reason);
                go_on(Canceling { answered: true, refusal, ..was.clone() }, ReceiptAction::Look)
            }
            ReceiptHeard::NotSent(_) => go_on(was.clone(), later),
            ReceiptHeard::Unclear { answered, .. } => {
                let answered = was.answered || answered;
                go_on(Canceling { answered, landing: true, ..was.clone() }, later)
            }
            ReceiptHeard::Canceled(_) | ReceiptHeard::Issued(_) | ReceiptHeard::Failed(_) => {
                go_on(Canceling { answered: true, landing: true, ..was.clone() }, later)
            }
        }
    }

    /// What the lists show of a cancel that is under way.
    fn step_listed(&self, was: &Canceling, rows: &[Listed], moment: Moment<'_>) -> ReceiptStep {
        let new = self.unexplained(rows);
        let sum = new.iter().try_fold(Won::ZERO, |sum, cancel| sum.plus(cancel.amount));
        if !new.is_empty() {
            return if sum == Some(was.amount) {
                self.canceled_by(&new)
            } else {
                self.review("Toss lists other cancels of it than we asked for", Some(was))
            };
        }
        let refused = rows.iter().find_map(|row| match row {
            Listed::Receipt { failure, .. } => failure.clone(),
            Listed::Cancel(_) => None,
        });
        if let Some(failure) = refused {
            return self.move_to(S::Failed(failure), REST);
        }
        // Whoever looks without a refusal in hand does not know how the last call ended.
        let next =
            Canceling { tries: was.tries + 1, landing: was.landing || was.refusal.is_none(), ..was.clone() };
        let over = Self::is_over(was.called_at, was.tries, moment);
        let later = ReceiptAction::Rest { due: Some(self.retry_at(was.tries, moment)) };
        match &was.refusal {
            Some(reason) if over || !next.landing => {
                let why = format!("Toss refused to cancel {} won of it: {}", was.amount, reason.code);
                self.review(&why, Some(was))
            }
            Some(_) => self.move_to(S::Canceling(next), later),
            None if was.answered && !over => self.move_to(S::Canceling(next), later),
            None => {
                let round = was.round + u32::from(was.answered);
                let called = Canceling { called_at: moment.now, round, answered: false, ..next };
                self.move_to(S::Canceling(called), ReceiptAction::Cancel)
            }
        }
    }

    /// The cancels in a list that we do not know of.
    fn unexplained(&self, rows: &[Listed]) -> Vec<ReceiptCancel> {
        let mut known = self.cancels.clone();
        let is_new = |cancel: &ReceiptCancel| match known.iter().position(|known| known == cancel) {
            Some(at) => {
                known.swap_remove(at);
                false
            }
            None => true,
        };
        let cancels = rows.iter().filter_map(|row| match row {
            Listed::Cancel(cancel) => Some(*cancel),
            Listed::Receipt { .. } => None,
        });
        cancels.filter(is_new).collect()
    }

    fn canceled_by(&self, new: &[ReceiptCancel]) -> ReceiptStep {
        let cancels = self.cancels.iter().chain(new).copied().collect();
        let with = Self { cancels, ..self.clone() };
        let state = if with.in_force().is_zero() { S::Canceled } else { S::Issued };
        with.move_to(state, REST)
    }

    fn review(&self, why: &str, cancel: Option<&Canceling>) -> ReceiptStep {
        self.move_to(S::NeedsReview { why: why.to_owned(), cancel: cancel.cloned() }, REST)
    }

    fn move_to(&self, state: S, then: ReceiptAction) -> ReceiptStep {
        ReceiptStep { next: Self { state, version: self.version + 1, ..self.clone() }, then }
    }

    fn retry_at(&self, tries: u32, moment: Moment<'_>) -> Timestamp {
        let salt = self.id.uuid().as_u64_pair().1;
        moment.policy.retry_at(moment.now, tries, salt)
    }

    /// Is it certain by now that no call of then can land any more?
    fn is_over(called_at: Timestamp, tries: u32, moment: Moment<'_>) -> bool {
        moment.policy.window_tries <= tries && called_at.plus(moment.policy.confirm_window) <= moment.now
    }
}

impl Reason {
    fn closed(note: &str, why: &str) -> Self {
        let message = format!("{note} (it needed a human: {why})");
        Self { code: "CLOSED_BY_OPERATOR".to_owned(), message }
    }

    fn not_issued(why: &str) -> Self {
        let message =
            format!("no cash receipt was issued ({why}); ask for another one, under a new Idempotency-Key");
        Self { code: "RECEIPT_NOT_ISSUED".to_owned(), message }
    }
}
