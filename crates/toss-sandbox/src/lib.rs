//! A local Toss Payments: core API, browser SDK, payment window, faults.
