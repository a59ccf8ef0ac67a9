//! Everything that Toss documents decodes, encodes and decodes to the same value; and so does what Toss has not invented
//! yet.

mod kept;
mod objects;
mod payment;
