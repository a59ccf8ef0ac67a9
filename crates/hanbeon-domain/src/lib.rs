//! What a payment is and how it may change: pure, without clock, network or store.
