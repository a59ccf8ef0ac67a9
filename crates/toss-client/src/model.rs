//! What Toss answers with: the Payment object and everything inside it, and the rows of lists.
//!
//! Three rules hold everywhere. Only the fields without which a payment means nothing are required; the rest is
//! `Option`, whether Toss's page calls it nullable or not, because an answer about money that moved must never
//! fail to decode over a receipt link. Enums are open. A field that this version does not know is kept in
//! `extra`. So encoding a decoded object loses nothing (an absent field comes back as `null`).

pub(crate) mod open_enum;

mod amount;
mod billing;
mod enums;
mod events;
mod extra;
mod methods;
mod organisations;
mod payment;
mod promotion;
mod receipts;
mod sensitive;
mod settlement;
mod time;
mod transaction;
mod words;

pub use amount::{Amount, AmountError};
pub use billing::{Billing, BillingCard, BillingKey, BillingTransfer};
pub use enums::{
    AccountType, AcquireStatus, CancelStatus, CardType, CashReceiptType, Currency, EasyPayProvider,
    InterestPayer, IssueStatus, Method, OwnerType, PaymentStatus, PaymentType, ReceiptTransaction,
    RefundStatus, SettlementStatus,
};
pub use events::{
    ArsReservation, ChangedCustomer, DeletedBillingKey, LinkOrder, Money, Payout, Seller, SellerAccount,
    UpdatedMethod,
};
pub use extra::Extra;
pub use methods::{Card, EasyPay, GiftCertificate, MobilePhone, RefundAccount, Transfer, VirtualAccount};
pub use organisations::{BankCode, CardCompany};
pub use payment::{Cancellation, Discount, Failure, Link, Payment};
pub use promotion::{CardPromotions, Offer, Promotion};
pub use receipts::{CashReceipt, CashReceiptPage, IssuedReceipt};
pub use sensitive::Sensitive;
pub use settlement::{Settlement, SettlementFee, SettlementRequested};
pub use time::{TossDate, TossTime};
pub use transaction::Transaction;
pub use words::{
    ArsStatus, Carrier, CustomerStatus, FeeType, Language, MethodStatus, PayoutStatus, PromotionType,
    RegistrationNumberType, SellerStatus, SettlementDate, WindowMethod,
};
