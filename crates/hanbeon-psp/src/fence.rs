//! The fence: of two copies of the same books, only the younger one may send.
use async_trait::async_trait;
use std::fmt::Debug;

/// Says whether this process may still send what moves money. It is asked before each intent and before each such call.
#[async_trait]
pub trait Fence: Debug + Send + Sync + 'static {
    /// `Ok` when it may, as of a second ago at most.
    ///
    /// # Errors
    /// In words for the operator: why nothing is sent. Also when that cannot be found out.
    async fn may_send(&self) -> Result<(), String>;
}
