//! The use cases: checkout, confirm, cancel, read, recover.
