//! What is left when the process, the disk or the clock fails: the real binary, built with failpoints, beside a
//! sandbox that outlives it and is its oracle. In the end our database and the sandbox's journal tell one story,
//! and what anybody was told is part of it.
//!
//! In reading order: [`cycles`] (killed again and again under load), with [`plan`] (what kills it, and when), the load
//! ([`shopper`]: what is wanted, [`street`]: how it is asked, [`doors`] and [`relay`]: how they
//! and Toss's webhooks find the server, [`lies`]: what the network does), [`rest`]
//! (how a round comes to its end), the checker ([`story`], with [`books`]: what both sides have written down, [`truth`]:
//! what was told, [`unknown`]: what nobody told us) and [`summary`] (the figures); loops of their own: [`deposits`] and
//! [`charges`]; then one test per row of the catalogue:
//! [`points`], [`paused`], [`disk`], [`clock`], [`schema`], [`stop`]; and [`forgetting`].

mod books;
#[path = "../it/buyer.rs"]
#[expect(dead_code, reason = "the integration tests use the rest")]
mod buyer;
mod charges;
mod clock;
mod cycles;
mod deposits;
mod disk;
mod doors;
mod feed;
mod forgetting;
mod lies;
mod paused;
mod plan;
mod points;
mod relay;
mod rest;
mod schema;
mod shopper;
mod stop;
mod story;
#[expect(dead_code, reason = "the cluster tests use the rest")]
mod street;
#[expect(dead_code, reason = "the cluster tests use the rest")]
mod summary;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the integration tests use the rest")]
mod support;
mod truth;
mod unknown;
