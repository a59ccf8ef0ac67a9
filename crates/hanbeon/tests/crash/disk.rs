//! A disk that takes nothing more, in two ways: a small tmpfs that is really full (SQLite hears ENOSPC), where we
//! may mount one, and a limit on the size of files (EFBIG), everywhere. And a file that may not be written.
use crate::buyer::Buyer;
use crate::cycles::until_quiet;
use crate::support::{BOUND, DATABASE_ERROR, World, send};
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, When};

/// A store that is given up soon.
const HASTY: &str = "[limits]\nstore_retry_ms = 300\n";
const CHARGED_AND_RETURNED: [(EffectKind, Option<i64>); 2] =
    [(EffectKind::Approved, Some(1_000)), (EffectKind::Canceled, Some(1_000))];

/// Where the database is.
enum Disk {
    /// A file system of its own, of 4 MiB.
    Tmpfs(PathBuf),
    /// Any; the server may not write beyond the first few slots of its undo file while it is "full".
    Limit,
}

impl Disk {
    /// Every kind that this machine lets us have, each with a running server on it.
    async fn all() -> Vec<(Self, World)> {
        let (mut limited, mut mounted) =
            (World::without_server(HASTY).await, World::without_server(HASTY).await);
        limited.open_toss();
        mounted.open_toss();
        // The signal that goes with the error would end the process, and that is another test.
        script(&mut limited, "trap '' XFSZ; exec");
        limited.start().await;
        let mut all = vec![(Self::Limit, limited)];
        match Self::mount(&mounted) {
            Some(disk) => {
                mounted.start().await;
                all.push((disk, mounted));
            }
            None => println!("no right to mount: with the limit only"),
        }
        all
    }

    /// Moves the database of a server that does not run yet.
    fn mount(world: &World) -> Option<Self> {
        let place = world.folder.path().join("disk");
        std::fs::create_dir(&place).expect("a folder");
        if !succeeds(Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&place)) {
            return None;
        }
        let disk = Self::Tmpfs(place.clone());
        std::fs::copy(world.database(), place.join("hanbeon.db")).expect("a copy");
        std::fs::remove_file(world.database()).expect("it was there");
        symlink(place.join("hanbeon.db"), world.database()).expect("a link");
        Some(disk)
    }

    fn fill(&self, world: &World) {
        match self {
            Self::Limit => limit(world, "4096"),
            Self::Tmpfs(place) => {
                let mut ballast = std::fs::File::create(place.join("ballast")).expect("a file");
                let full = std::iter::repeat_with(|| ballast.write_all(&[0; 4_096]))
                    .take(10_000)
                    .find_map(Result::err);
                assert!(full.is_some(), "the disk has an end");
            }
        }
    }

    fn empty(&self, world: &World) {
        match self {
            Self::Limit => limit(world, "unlimited"),
            Self::Tmpfs(place) => std::fs::remove_file(place.join("ballast")).expect("it was there"),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Tmpfs(place) = self {
            // The server has it open until it is dropped too.
            succeeds(Command::new("umount").arg("--lazy").arg(place));
        }
    }
}

fn limit(world: &World, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    assert!(
        succeeds(Command::new("prlimit").args(["--pid", &world.pid(), &limit])),
        "prlimit, of util-linux"
    );
}

/// The server's program becomes a script that begins so, and ends in the program.
fn script(world: &mut World, beginning: &str) {
    let path = world.folder.path().join("hanbeon.sh");
    let text = format!("#!/bin/sh\n{beginning} {} \"$@\"\n", world.program.display());
    std::fs::write(&path, text).expect("a script");
    set_mode(&path, 0o755);
    world.program = path;
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

/// Of the database, and of what SQLite puts beside it with the same mode.
fn set_modes(world: &World, mode: u32) {
    for beside in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{beside}", world.database().display()));
        if path.exists() {
            set_mode(&path, mode);
        }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn i1_on_a_full_disk_nobody_is_charged() {
    for (disk, world) in Disk::all().await {
        let (buyer, payer) = (Buyer::ready(&world, 1_000).await, Buyer::paid(&world, 1_000).await);
        disk.fill(&world);
        for _ in 0..3 {
            buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
            payer.cancel(&world.api).await.is(500, DATABASE_ERROR);
        }
        assert_eq!(world.effects(&buyer.key), [], "Toss was not asked");
        assert_eq!(world.effects(&payer.key), CHARGED_AND_RETURNED[..1], "nor for the refund");
        if matches!(disk, Disk::Limit) {
            // On a full disk the check's one page may still fit into the log where a payment's pages do not.
            send(world.api.get("/readyz")).await.has_status(503);
        }
        // What is stored can be read meanwhile.
        payer.read(&world.api).await.is(200, &payer.view("DONE"));
        disk.empty(&world);
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        payer.cancel(&world.api).await.has_status(200);
        send(world.api.get("/readyz")).await.has_status(200);
        assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED[..1]);
        assert_eq!(world.effects(&payer.key), CHARGED_AND_RETURNED);
    }
}

#[tokio::test]
async fn i1_b6_a_disk_that_fills_up_during_the_charge_gives_the_money_back() {
    for (disk, world) in Disk::all().await {
        let buyer = Buyer::ready(&world, 1_000).await;
        world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 1_500, when: When::Before });
        let confirm = tokio::spawn({
            let (buyer, api) = (buyer.clone(), world.api.clone());
            async move { buyer.confirm(&api).await }
        });
        world.spoiled().await;
        disk.fill(&world);
        confirm.await.unwrap().is(500, DATABASE_ERROR);
        assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED, "returned before the buyer is told");
        disk.empty(&world);
        world.until_stored(&buyer.key, "canceled").await;
        buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
        buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
    }
}

#[tokio::test]
async fn i1_b2_killed_on_a_full_disk_it_finds_out_when_there_is_room() {
    for (disk, mut world) in Disk::all().await {
        let buyer = Buyer::ready(&world, 1_000).await;
        world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 300_000, when: When::After });
        let confirm = crate::points::begin_confirm(&world, &buyer);
        world.spoiled().await;
        disk.fill(&world);
        world.kill().await;
        assert!(confirm.await.unwrap().is_none());
        if matches!(disk, Disk::Tmpfs(_)) {
            // It does not even start, and says why.
            let ended = tokio::time::timeout(BOUND, world.run(&["serve"])).await.expect("it ends");
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(!ended.status.success() && said.contains("full"), "{said}");
            disk.empty(&world);
        }
        world.start().await;
        until_quiet(&world).await;
        crate::points::found_out(&world, &buyer).await;
    }
}

#[tokio::test]
async fn i1_a_file_that_may_not_be_written_is_refused_at_the_start() {
    let mut world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    world.terminate().await;
    world.ended().await;
    if succeeds(Command::new("sh").args(["-c", "test $(id -u) = 0"])) {
        // Root may write everything, unless it gives that up.
        let without = "PATH=/usr/bin:/bin exec setpriv --bounding-set -dac_override --inh-caps -dac_override";
        script(&mut world, without);
    }
    set_modes(&world, 0o444);
    let ended = world.run(&["serve"]).await;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success(), "it must not serve: {said}");
    assert!(said.contains("readonly") || said.contains("read-only"), "{said}");
    assert!(said.contains("hanbeon.db"), "and say which file: {said}");
    set_modes(&world, 0o600);
    world.start().await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED[..1]);
}
