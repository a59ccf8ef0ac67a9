//! A typed client of the Toss Payments core API.
