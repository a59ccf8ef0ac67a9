//! Bars as SVG, legible on light and dark.
use crate::figures::share;
use std::fmt::Write as _;

/// Bars under one title.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) bars: Vec<(String, u64)>,
}

const WIDTH: u64 = 760;
/// Room for the names of bars, at least, and for each letter of the longest.
const LABELS: u64 = 170;
const LETTER: u64 = 7;
const VALUES: u64 = 90;
const LINE: u64 = 22;
const TITLE: u64 = 34;
/// Tell apart on white and on black, also for who sees few colours.
const COLOURS: [&str; 5] = ["#7a8290", "#2f7fd1", "#12a08a", "#d9822b", "#b565c4"];

/// Horizontal bars; each group has a scale of its own.
pub(super) fn bars(title: &str, groups: &[Group], show: fn(u64) -> String) -> String {
    let longest = groups.iter().flat_map(|group| &group.bars).map(|(name, _)| name.chars().count()).max();
    let labels = LABELS.max(u64::try_from(longest.unwrap_or(0)).unwrap_or(0) * LETTER).min(WIDTH / 2);
    let lines: u64 =
        groups.iter().map(|group| u64::try_from(group.bars.len()).unwrap_or(0) * LINE + TITLE).sum();
    let height = lines + TITLE + 10;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{title}\">\n\
         <style>\n  text {{ font: 13px system-ui, sans-serif; fill: #24292f }}\n  .title {{ font-weight: 600; font-size: 15px }}\n  \
         .group {{ font-weight: 600 }}\n  @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} }}\n</style>\n\
         <text class=\"title\" x=\"0\" y=\"18\">{title}</text>\n"
    );
    let mut y = TITLE;
    for group in groups {
        let _ = writeln!(svg, "<text class=\"group\" x=\"0\" y=\"{}\">{}</text>", y + 18, group.title);
        y += TITLE - 8;
        let most = group.bars.iter().map(|(_, value)| *value).max().unwrap_or(1);
        for (at, (name, value)) in group.bars.iter().enumerate() {
            let width = share(*value, most, WIDTH - labels - VALUES).max(1);
            let colour = COLOURS[at % COLOURS.len()];
            let (base, x) = (y + 15, labels + width + 8);
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{name}</text>\
                 <rect x=\"{labels}\" y=\"{}\" width=\"{width}\" height=\"16\" rx=\"2\" fill=\"{colour}\"/>\
                 <text x=\"{x}\" y=\"{base}\">{}</text>",
                labels - 8,
                y + 2,
                show(*value),
            );
            y += LINE;
        }
        y += 8;
    }
    svg + "</svg>\n"
}
