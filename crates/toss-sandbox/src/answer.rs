//! What a core call answers, before it becomes bytes: a snapshot of a payment, rows, or a refusal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::codes::{Code, Refusal};
use crate::lang::Lang;
use crate::ledger::{self, Row};
use crate::payment::Payment;
use crate::switches::CancelSign;
use crate::view;

/// An answer in the language it was first given in; a replay keeps that language.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) said: Said,
    pub(crate) lang: Lang,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Payment(Box<Payment>),
    Transactions(Arc<[Row]>, CancelSign),
    /// Neither a payment nor a list of them: its bytes as they are, none at all for a deletion.
    Text(Arc<[u8]>),
    Refused(Refusal),
}

impl Answer {
    pub(crate) fn refused(refusal: impl Into<Refusal>, lang: Lang) -> Self {
        Self { said: Said::Refused(refusal.into()), lang }
    }

    pub(crate) fn status(&self) -> u16 {
        match &self.said {
            Said::Payment(_) | Said::Transactions(..) | Said::Text(_) => 200,
            Said::Refused(refusal) => refusal.status,
        }
    }

    pub(crate) fn code(&self) -> Option<Code> {
        match &self.said {
            Said::Payment(_) | Said::Transactions(..) | Said::Text(_) => None,
            Said::Refused(refusal) => Some(refusal.code),
        }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        match &self.said {
            Said::Payment(payment) => view::to_json(payment, self.lang),
            Said::Transactions(rows, sign) => ledger::to_json(rows, *sign, self.lang),
            Said::Text(text) => text.to_vec(),
            Said::Refused(refusal) => refusal.body(self.lang),
        }
    }
}
