//! The door to the payment provider: every call ends in a verdict.
