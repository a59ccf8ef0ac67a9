//! For development only: test application, store conformance suite, in-memory store.
