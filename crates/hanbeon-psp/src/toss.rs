//! Toss.
/// x
pub struct TossPsp;
