//! Many servers over one PostgreSQL, beside one Toss that lies: servers are killed, paused, stopped and started, the database
//! is killed, its machine is lost. The load and the checker are those of the crash loop; nothing here is believed either
//! before our books, Toss's books and everything that anybody was told tell one story.
//!
//! In reading order: [`many`] (three servers; the database dies and comes back), [`failover`] (it does not come back, and
//! its standby leads), [`upgrade`] (two versions on two schemas), [`forgetting`] (they archive what is old), [`fleet`]: the
//! servers, [`run`]: the load around them and how it comes to its end, [`mirror`]: our books, for the checker.

#[path = "../crash/books.rs"]
mod books;
#[path = "../it/buyer.rs"]
#[expect(dead_code, reason = "the integration tests use the rest")]
mod buyer;
#[path = "../crash/doors.rs"]
mod doors;
mod failover;
#[path = "../crash/feed.rs"]
#[expect(dead_code, reason = "the crash tests use the rest")]
mod feed;
mod fleet;
mod forgetting;
#[path = "../crash/lies.rs"]
mod lies;
mod many;
mod mirror;
#[path = "../crash/plan.rs"]
#[expect(dead_code, reason = "the crash tests use the rest")]
mod plan;
#[path = "../crash/relay.rs"]
mod relay;
#[path = "../crash/rest.rs"]
#[expect(dead_code, reason = "the crash tests use the rest")]
mod rest;
mod run;
#[path = "../crash/shopper.rs"]
mod shopper;
#[path = "../crash/story.rs"]
mod story;
#[path = "../crash/street.rs"]
mod street;
#[path = "../crash/summary.rs"]
#[expect(dead_code, reason = "the crash tests use the rest")]
mod summary;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the integration tests use the rest")]
mod support;
#[path = "../crash/truth.rs"]
mod truth;
#[path = "../crash/unknown.rs"]
#[expect(dead_code, reason = "the crash tests use the rest")]
mod unknown;
mod upgrade;
