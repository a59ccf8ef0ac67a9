//! What `strace` wrote, as deeds in the order in which they happened.
//!
//! `strace` holds a thread at the beginning and at the end of each call and writes down both, so an order that one
//! thread can see in another's deeds is the order of the lines. A deed is dated as is worse for us: bytes on a socket
//! when the call *begins* (they may be gone from then on), a sync and a write when it has *ended*.
use std::collections::HashMap;

/// The calls to trace: those that are understood, and those that must not be overlooked. `?`: where there is one.
pub(crate) const CALLS: &str = "?open,?creat,openat,?openat2,write,writev,pwrite64,pwritev,?pwritev2,ftruncate,\
    truncate,fallocate,?copy_file_range,sendfile,splice,fsync,fdatasync,sync,syncfs,?sync_file_range,msync,?unlink,\
    unlinkat,?rename,renameat,?renameat2,?link,linkat,mmap,sendto,sendmsg,?sendmmsg,recvfrom,recvmsg,readv,\
    ?io_uring_setup";

/// One thing that the program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Opened a file, and made it if there was none.
    Opened {
        file: String,
        empties: bool,
    },
    Wrote {
        file: String,
        at: usize,
        data: Vec<u8>,
    },
    Resized {
        file: String,
        len: usize,
    },
    Removed {
        file: String,
    },
    /// A thread waits for a file, or (`None`) for the folder, to be on the disk.
    SyncBegan {
        by: u32,
        file: Option<String>,
    },
    SyncEnded {
        by: u32,
    },
    Sent {
        line: Line,
        data: Vec<u8>,
    },
    Heard {
        line: Line,
        data: Vec<u8>,
    },
}

/// A TCP connection, by its two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Line {
    pub(crate) ours: u16,
    pub(crate) theirs: u16,
}

/// Reads a trace; `folder` is where the database is. Panics at what it does not understand.
pub(crate) fn deeds(trace: &str, folder: &str) -> Vec<Deed> {
    let mut reader =
        Reader { folder: folder.to_owned(), hexed: hex(folder), deeds: Vec::new(), begun: HashMap::new() };
    for line in trace.lines() {
        reader.line(line);
    }
    reader.deeds
}

struct Reader {
    folder: String,
    /// As `strace` writes it.
    hexed: String,
    deeds: Vec<Deed>,
    /// What each thread has begun and not ended.
    begun: HashMap<u32, String>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let (by, rest) = line.split_once(' ').expect("a thread and what it did");
        let (by, rest) = (by.parse().expect("a thread's number"), rest.trim_start());
        if rest.starts_with("+++") || rest.starts_with("---") {
            return;
        }
        if let Some(call) = rest.strip_suffix(" <unfinished ...>") {
            self.began(by, &Call::new(call));
            self.begun.insert(by, call.to_owned());
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let (_, end) = resumed.split_once(" resumed>").expect("what goes on");
            // What had begun before `strace` came has no beginning here.
            let Some(whole) = self.begun.remove(&by) else { return };
            let whole = whole + end;
            self.ended(by, &Call::new(&whole));
        } else {
            self.began(by, &Call::new(rest));
            self.ended(by, &Call::new(rest));
        }
    }

    fn began(&mut self, by: u32, call: &Call<'_>) {
        match call.name {
            "fsync" | "fdatasync" => {
                if let Some(file) = self.target(call) {
                    let file = (!file.is_empty()).then_some(file);
                    self.deeds.push(Deed::SyncBegan { by, file });
                }
            }
            "write" | "writev" | "sendto" | "sendmsg" => {
                if let Some(line) = call.socket() {
                    self.deeds.push(Deed::Sent { line, data: call.data() });
                }
            }
            _ => {}
        }
    }

    fn ended(&mut self, by: u32, call: &Call<'_>) {
        let result = call.result();
        match call.name {
            "write" | "writev" | "sendto" | "sendmsg" => self.sent(call, result),
            "recvfrom" | "recvmsg" | "readv" => self.heard(call, result),
            "fsync" | "fdatasync" => {
                // One without a result was going on when the program was killed: it has kept nothing.
                if let (Some(_), Some(result)) = (self.target(call), result) {
                    assert_eq!(result, 0, "a sync failed: {call:?}");
                    self.deeds.push(Deed::SyncEnded { by });
                }
            }
            "openat" | "unlink" | "unlinkat" | "pwrite64" | "ftruncate" if result.is_some_and(|r| r >= 0) => {
                self.changed(call, result.expect("it is one"));
            }
            "mmap" => {
                let shared = call.text.contains("MAP_SHARED") && call.text.contains("PROT_WRITE");
                assert!(
                    !shared || self.target(call).is_none(),
                    "a file of ours is written in memory: {call:?}"
                );
            }
            "openat" | "unlink" | "unlinkat" | "pwrite64" | "ftruncate" => {}
            other => {
                let about_us = call.text.contains(&self.hexed) || other == "io_uring_setup";
                assert!(!about_us, "the disk does not know this call: {call:?}");
            }
        }
    }

    /// A call that changed a file or a name of ours, if it did.
    fn changed(&mut self, call: &Call<'_>, result: i64) {
        let deed = match call.name {
            "openat" => {
                self.named(call).map(|file| Deed::Opened { file, empties: call.text.contains("O_TRUNC") })
            }
            "unlink" | "unlinkat" => self.named(call).map(|file| Deed::Removed { file }),
            "ftruncate" => self.target(call).map(|file| Deed::Resized { file, len: call.last_number() }),
            _ => self.target(call).map(|file| {
                let mut data = call.data();
                data.truncate(usize::try_from(result).expect("a length"));
                Deed::Wrote { file, at: call.last_number(), data }
            }),
        };
        self.deeds.extend(deed);
    }

    fn sent(&mut self, call: &Call<'_>, result: Option<i64>) {
        assert_eq!(self.target(call), None, "the disk does not know this call: {call:?}");
        let unresolved = call.descriptor().is_some_and(|(name, _)| name.starts_with("socket:"));
        assert!(!unresolved || result < Some(0), "strace does not know where this goes: {call:?}");
        let (Some(line), Some(result)) = (call.socket(), result) else { return };
        // Less than was offered, or nothing at all: the rest is offered again.
        let taken = usize::try_from(result).unwrap_or(0);
        let offered = self.deeds.iter_mut().rev().find_map(|deed| match deed {
            Deed::Sent { line: its, data } if *its == line => Some(data),
            _ => None,
        });
        offered.expect("it began").truncate(taken);
    }

    fn heard(&mut self, call: &Call<'_>, result: Option<i64>) {
        let (Some(line), Some(heard @ 1..)) = (call.socket(), result) else { return };
        let mut data = call.data();
        data.truncate(usize::try_from(heard).expect("a length"));
        self.deeds.push(Deed::Heard { line, data });
    }

    /// The file of ours that the call's descriptor stands for; empty for the folder itself. A file whose name is
    /// gone is nobody's: no cut will ever leave it.
    fn target(&self, call: &Call<'_>) -> Option<String> {
        let (target, deleted) = call.descriptor()?;
        self.ours(&target).filter(|_| !deleted)
    }

    /// The file of ours that the call names.
    fn named(&self, call: &Call<'_>) -> Option<String> {
        let path = String::from_utf8(call.data()).expect("a path is text");
        self.ours(&path).filter(|file| !file.is_empty())
    }

    fn ours(&self, path: &str) -> Option<String> {
        let file = path.strip_prefix(&self.folder)?;
        (!file.ends_with("-shm")).then(|| file.trim_start_matches('/').to_owned())
    }
}

/// One call as `strace` prints it: `name(arguments) = result`.
#[derive(Debug)]
struct Call<'a> {
    name: &'a str,
    text: &'a str,
}

impl<'a> Call<'a> {
    fn new(text: &'a str) -> Self {
        Self { name: text.split('(').next().unwrap_or_default(), text }
    }

    /// The number that it returned; `None` when it never did.
    fn result(&self) -> Option<i64> {
        let (_, result) = self.text.rsplit_once(" = ")?;
        let end = result.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(result.len());
        result[..end].parse().ok()
    }

    /// What the first descriptor stands for, and whether its name is gone.
    fn descriptor(&self) -> Option<(String, bool)> {
        let from = self.text.find('<')? + 1;
        // The arrow within a socket's name is followed by an address.
        let ends = [">,", ">)", ">(deleted)"].into_iter().filter_map(|end| self.text[from..].find(end)).min();
        // A call that has only begun may break off behind it.
        let len = ends.or_else(|| Some(self.text[from..].strip_suffix('>')?.len()))?;
        let (inside, after) = self.text[from..].split_at(len);
        let name = if inside.starts_with("\\x") {
            String::from_utf8(unhex(inside)).expect("a path is text")
        } else {
            inside.to_owned()
        };
        Some((name, after.starts_with(">(deleted)")))
    }

    /// The connection, if the descriptor is one.
    fn socket(&self) -> Option<Line> {
        let (name, _) = self.descriptor()?;
        let (ours, theirs) = name.strip_prefix("TCP:[")?.strip_suffix(']')?.split_once("->")?;
        let port = |address: &str| address.rsplit(':').next().and_then(|port| port.parse().ok());
        Some(Line { ours: port(ours)?, theirs: port(theirs)? })
    }

    /// Everything between quotes.
    fn data(&self) -> Vec<u8> {
        assert!(!self.text.contains("\"..."), "strace has cut it off: {}", self.name);
        self.text.split('"').skip(1).step_by(2).flat_map(unhex).collect()
    }

    fn last_number(&self) -> usize {
        let (arguments, _) = self.text.rsplit_once(" = ").expect("a call that has ended");
        let last = arguments.trim_end_matches([' ', ')']).rsplit(", ").next().unwrap_or_default();
        last.parse().unwrap_or_else(|e| panic!("{e}: {last:?}"))
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: &u8| match at {
        b'0'..=b'9' => at - b'0',
        b'a'..=b'f' => at - b'a' + 10,
        _ => panic!("not hexadecimal: {text}"),
    };
    text.as_bytes().chunks(4).map(|byte| digit(&byte[2]) << 4 | digit(&byte[3])).collect()
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |hex, byte| format!("{hex}\\x{byte:02x}"))
}

#[test]
fn a_trace_becomes_deeds_in_their_worst_order() {
    let (folder, file) = (hex("/d"), hex("/d/db-wal"));
    let (shm, ok) = (hex("/d/db-shm"), hex("ok"));
    let trace = [
        format!(r#"7     openat(AT_FDCWD<{folder}>, "{file}", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 12<{file}>"#),
        format!(r#"7     pwrite64(12<{file}>, "{ok}", 2, 4096) = 2"#),
        format!(r#"7     pwrite64(13<{shm}>, "{ok}", 2, 4096) = 2"#),
        format!("7     fsync(12<{file}> <unfinished ...>"),
        format!(r#"8     sendto(5<TCP:[127.0.0.1:10->127.0.0.1:20]>, "{ok}", 2, MSG_NOSIGNAL, NULL, 0) = 2"#),
        "7     <... fsync resumed>)              = 0".to_owned(),
        format!("7     fsync(9<{folder}>) = 0"),
        format!(r#"8     recvfrom(5<TCP:[127.0.0.1:10->127.0.0.1:20]>, "{ok}", 99, 0, NULL, NULL) = 2"#),
        "8     recvfrom(5<TCP:[127.0.0.1:10->127.0.0.1:20]>, 0x7f, 99, 0, NULL, NULL) = -1 EAGAIN (Busy)"
            .to_owned(),
        format!("7     ftruncate(12<{file}>, 0) = 0"),
        format!(r#"7     unlink("{file}") = 0"#),
        "7     +++ exited with 0 +++".to_owned(),
    ];
    let (line, data, wal) = (Line { ours: 10, theirs: 20 }, b"ok".to_vec(), "db-wal".to_owned());
    let want = [
        Deed::Opened { file: wal.clone(), empties: false },
        Deed::Wrote { file: wal.clone(), at: 4096, data: data.clone() },
        Deed::SyncBegan { by: 7, file: Some(wal.clone()) },
        Deed::Sent { line, data: data.clone() },
        Deed::SyncEnded { by: 7 },
        Deed::SyncBegan { by: 7, file: None },
        Deed::SyncEnded { by: 7 },
        Deed::Heard { line, data },
        Deed::Resized { file: wal.clone(), len: 0 },
        Deed::Removed { file: wal },
    ];
    assert_eq!(deeds(&trace.join("\n"), "/d"), want);
}

#[test]
#[should_panic(expected = "the disk does not know this call")]
fn a_call_that_the_disk_does_not_know_stops_the_test() {
    let file = hex("/d/db");
    deeds(&format!(r#"7     rename("{file}", "{file}") = 0"#), "/d");
}
