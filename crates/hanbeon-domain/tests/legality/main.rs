//! What holds of a payment after anything: after events that nobody can expect (`hostile`), and beside a Toss that
//! does what Toss does, with a network that does not (`books`).
mod amounts;
mod books;
mod hostile;
mod samples;
mod tax;
mod toss;
