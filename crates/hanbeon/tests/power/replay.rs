//! All power cuts of one log: at each deed, what is left for certain, and a seeded pick of what could be left.
use crate::claims::Claim;
use crate::disk::{Dice, Disk, Image, lay_out};
use crate::story::Story;
use crate::trace::Deed;
use std::path::Path;

/// The database file in each image.
pub(crate) const DATABASE: &str = "hanbeon.db";
/// So many damaged disks are enough to see what is wrong.
const ENOUGH: usize = 10;

/// What was looked at, and what was found wrong.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Instants at which the power was cut.
    pub(crate) cuts: usize,
    /// Different disks that were opened.
    pub(crate) images: usize,
    /// Claims that were compared with a disk, all images together.
    pub(crate) comparisons: usize,
    /// Disks that SQLite could not make sense of.
    pub(crate) damage: Vec<String>,
    /// Claims that a disk did not bear out, each with the first such disk.
    pub(crate) forgotten: Vec<(Claim, String)>,
}

impl Findings {
    /// Stops the test if there is anything.
    pub(crate) fn demand_none(&self) {
        let said: Vec<_> = self.forgotten.iter().map(|(_, why)| why).chain(&self.damage).take(5).collect();
        assert!(
            said.is_empty(),
            "{} objections; the first: {said:#?}",
            self.forgotten.len() + self.damage.len()
        );
    }
}

/// Replays the deeds on the disk. `due` are the claims of earlier lives, and grows by those of this one. Of the
/// disks of which more than the certain may be left, one in `one_in` is looked at.
pub(crate) fn replay(
    disk: &mut Disk,
    deeds: &[Deed],
    claims: &[(usize, Claim)],
    due: &mut Vec<Claim>,
    dice: &mut Dice,
    one_in: usize,
) -> Findings {
    let mut findings = Findings::default();
    let mut claims = claims.iter().peekable();
    let (mut least, mut read_at) = (Ok(Story::default()), None);
    for (at, deed) in deeds.iter().enumerate() {
        disk.apply(deed);
        let before = due.len();
        while let Some((_, claim)) = claims.next_if(|(from, _)| *from <= at) {
            due.push(claim.clone());
        }
        findings.cuts += 1;
        let moved = read_at != Some(disk.generation());
        if moved {
            (least, read_at) = (findings.look(&disk.least()), Some(disk.generation()));
        }
        // On a disk that was looked at already, only the new claims are a question.
        let from = if moved { 0 } else { before };
        findings.compare(&least, &due[from..], || format!("deed {at}, only what is certain"));
        let quiet = matches!(deed, Deed::Heard { .. } | Deed::SyncBegan { .. });
        if disk.is_settled() || quiet || dice.below(one_in) > 0 {
            continue;
        }
        let seed = dice.clone();
        let story = findings.look(&disk.some(dice));
        findings.compare(&story, due, || format!("deed {at}, {seed:?}"));
    }
    findings
}

impl Findings {
    fn look(&mut self, image: &Image) -> Result<Story, String> {
        self.images += 1;
        // No file: the power went before there was one.
        if !image.contains_key(DATABASE) {
            return Ok(Story::default());
        }
        // In memory, where there is such a place: thousands of these come and go.
        let memory = Some(Path::new("/dev/shm")).filter(|memory| memory.is_dir());
        let folder = memory.map_or_else(tempfile::tempdir, tempfile::tempdir_in).expect("a folder");
        lay_out(image, folder.path());
        let story = Story::of(&folder.path().join(DATABASE));
        if let Err(damage) = &story
            && self.damage.is_empty()
        {
            self.damage.push(format!("{damage}; the disk is kept in {}", folder.keep().display()));
        }
        story
    }

    fn compare(&mut self, story: &Result<Story, String>, due: &[Claim], when: impl Fn() -> String) {
        match story {
            Ok(story) => {
                self.comparisons += due.len();
                for claim in due {
                    if let Some(why) = story.objects_to(claim)
                        && self.forgotten.iter().all(|(known, _)| known != claim)
                    {
                        self.forgotten.push((claim.clone(), format!("{why} ({})", when())));
                    }
                }
            }
            Err(damage) if self.damage.len() < ENOUGH => self.damage.push(format!("{damage} ({})", when())),
            Err(_) => {}
        }
    }
}
