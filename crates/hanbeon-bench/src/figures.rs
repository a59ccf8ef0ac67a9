//! Whole numbers: rates, shares, medians, and how they are shown.
use std::time::Duration;

/// Events per second.
pub(crate) fn per_second(events: u64, seconds: f64) -> u64 {
    let us = Duration::try_from_secs_f64(seconds).map_or(0, |time| time.as_micros());
    let rate = u128::from(events) * 1_000_000 / us.max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// `part` of `whole` in parts of `scale`; nothing of nothing is nothing.
pub(crate) fn share(part: u64, whole: u64, scale: u64) -> u64 {
    let share = u128::from(part) * u128::from(scale) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// The middle one; of an even number the mean of the two in the middle; of none, 0.
pub(crate) fn median(figures: impl IntoIterator<Item = u64>) -> u64 {
    let mut figures: Vec<u64> = figures.into_iter().collect();
    figures.sort_unstable();
    match (figures.len() / 2, figures.len() % 2) {
        (0, 0) => 0,
        (middle, 0) => figures[middle - 1].midpoint(figures[middle]),
        (middle, _) => figures[middle],
    }
}

/// The lowest and the highest; of none, none.
pub(crate) fn range(figures: &[u64]) -> Option<(u64, u64)> {
    figures.iter().min().copied().zip(figures.iter().max().copied())
}

/// A number of thousandths with two decimals: 4,567 is `4.57`; µs as ms.
pub(crate) fn thousandths(figure: u64) -> String {
    hundredths(figure / 10 + u64::from(figure % 10 >= 5))
}

/// A number of hundredths with two decimals.
pub(crate) fn hundredths(figure: u64) -> String {
    format!("{}.{:02}", figure / 100, figure % 100)
}

/// The median of ratios in thousandths, with the lowest and the highest, as the report shows it; nothing of none.
pub(crate) fn with_range(ratios: &[u64]) -> String {
    let Some((least, most)) = range(ratios) else { return String::new() };
    let middle = median(ratios.iter().copied());
    format!("**{}** ({} to {})", thousandths(middle), thousandths(least), thousandths(most))
}

/// With a comma between thousands.
pub(crate) fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_shares_are_exact_to_the_last_whole_one() {
        assert_eq!(per_second(4_000, 4.0), 1_000);
        assert_eq!(per_second(3, 0.5), 6);
        assert_eq!(per_second(3, 0.0), 3_000_000);
        assert_eq!(share(1, 3, 1_000), 333);
        assert_eq!(share(0, 0, 1_000), 0);
        assert_eq!(share(u64::MAX, 1, 1_000), u64::MAX);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        for (figures, middle) in
            [(vec![], 0), (vec![7], 7), (vec![9, 1], 5), (vec![3, 9, 1], 3), (vec![4, 1, 100, 2], 3)]
        {
            assert_eq!(median(figures.clone()), middle, "{figures:?}");
        }
    }

    #[test]
    fn figures_are_shown_for_people() {
        for (figure, shown) in [(0, "0.00"), (4, "0.00"), (5, "0.01"), (995, "1.00"), (4_567, "4.57")] {
            assert_eq!(thousandths(figure), shown);
        }
        assert_eq!(with_range(&[1_300, 940, 1_000]), "**1.00** (0.94 to 1.30)");
        assert_eq!(with_range(&[]), "");
        for (figure, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(figure), shown);
        }
    }
}
