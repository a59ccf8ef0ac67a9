//! The servers that the tests are given.
use hanbeon_testkit::postgres::{Cluster, database};
use std::process::Command;

#[test]
fn every_test_has_a_database_of_its_own() {
    let (one, two) = (database(), database());
    assert_eq!(one.query("CREATE TABLE here (x INT); SELECT count(*) FROM here"), "0");
    assert_eq!(two.query("SELECT count(*) FROM pg_tables WHERE tablename = 'here'"), "0");
    assert_eq!(one.query("SHOW fsync"), "on");
}

#[test]
fn what_was_committed_outlives_the_server_and_is_on_its_standby() {
    let mut primary = Cluster::start();
    primary.execute("CREATE TABLE kept (x INT); INSERT INTO kept VALUES (1)");
    for end in [Cluster::kill, Cluster::stop_at_once] {
        end(&mut primary);
        primary.start_again();
    }
    let mut standby = primary.standby("second");
    primary.execute("INSERT INTO kept VALUES (2)");
    primary.kill();
    standby.promote();
    assert_eq!(standby.query("INSERT INTO kept VALUES (3); SELECT sum(x) FROM kept"), "6");
}

#[test]
fn a_server_ends_with_its_test() {
    let cluster = Cluster::start();
    let file = cluster.query("SHOW data_directory");
    let pid = cluster.query("SELECT pg_backend_pid()");
    assert!(!pid.is_empty());
    drop(cluster);
    assert!(!std::path::Path::new(&file).exists(), "its data is gone");
    let running = Command::new("pgrep").args(["-f", &file]).output().expect("pgrep runs");
    assert_eq!(String::from_utf8_lossy(&running.stdout), "", "and so is the server");
}
