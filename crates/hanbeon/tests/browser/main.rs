//! What a buyer sees: the demo, in a real Chromium.
//!
//! Each test starts a server of its own (demo shop, hanbeon and Toss sandbox, on free ports, in a folder of its
//! own) and a browser of its own, does what a buyer does, and then asks the sandbox's journal what was charged.
//! A test that fails leaves a picture and the page's source in `target/browser-failures/`. Needs Chromium and
//! chromedriver: Debian's packages `chromium` and `chromium-driver`, and `fonts-noto-cjk` for the pictures.
//!
//! In reading order:
//! 1. [`stage`]: server, browser, and what is left of a failure;
//! 2. [`buyer`]: what a buyer does, as verbs;
//! 3. [`records`]: what hanbeon and the sandbox say about it afterwards;
//! 4. [`pay`], [`refused`], [`again`], [`later`], [`hands`]: the tests;
//!    and [`checkout`], [`abroad`], [`desk`], [`monthly`]: every way to pay, what the shop gives back, a card for every
//!    month;
//! 5. [`original`]: a front end that was written for the original server;
//! 6. [`console`]: what a developer sees of the sandbox;
//! 7. [`bench`], then [`sdk`], [`ways`], [`billing`], [`loader`]: the sandbox's browser side, without our shop;
//! 8. [`pictures`]: every page fits its screen; `HANBEON_SCREENSHOTS=docs/images` keeps what it looks like.

mod abroad;
mod again;
mod bench;
mod billing;
mod buyer;
mod checkout;
mod console;
mod desk;
mod hands;
mod later;
mod loader;
mod monthly;
mod original;
mod pay;
mod pictures;
mod records;
mod refused;
mod sdk;
mod stage;
mod ways;
