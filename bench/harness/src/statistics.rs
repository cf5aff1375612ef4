//! The few statistics that are needed: medians, because a shared machine has outliers and no normal distribution.

/// The middle value, or the mean of the two middle ones; `None` of nothing.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Half the distance between the quartiles, as a part of the median: how far to trust it.
pub(crate) fn spread(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    (middle != 0.0).then(|| (sorted[last - last / 4] - sorted[last / 4]) / 2.0 / middle)
}

/// Median over the rounds of `ours / base` of the same round, which cancels what slowed a whole round down.
pub(crate) fn paired_ratio(ours: &[f64], base: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = ours
        .iter()
        .zip(base)
        .filter(|(_, base)| **base != 0.0)
        .map(|(ours, base)| ours / base)
        .collect();
    median(&ratios)
}

/// Instructions per request out of two runs that differ only in their number of requests.
pub(crate) fn per_request(few: (u64, u64), many: (u64, u64)) -> Option<u64> {
    let requests = many.0.checked_sub(few.0).filter(|requests| *requests > 0)?;
    let instructions = many.1.checked_sub(few.1)?;
    Some((instructions + requests / 2) / requests)
}

/// By how much `now` is worse than `before`, as a part of it; negative when better.
#[expect(
    clippy::cast_precision_loss,
    reason = "instruction counts are far below 2^52"
)]
pub(crate) fn worsening(before: u64, now: u64) -> f64 {
    now as f64 / before as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn spread_ignores_the_outlier() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[5.0]), Some(0.0));
        let with_outlier = spread(&[100.0, 101.0, 99.0, 100.0, 1000.0]).unwrap();
        assert!(with_outlier < 0.02, "{with_outlier}");
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine halved its speed in the second round; the ratio stays.
        assert_eq!(
            paired_ratio(&[30.0, 15.0, 30.0], &[20.0, 10.0, 20.0]),
            Some(1.5)
        );
        assert_eq!(paired_ratio(&[1.0], &[0.0]), None);
    }

    #[test]
    fn what_the_start_costs_falls_out() {
        assert_eq!(
            per_request((1000, 50_000_000), (3000, 70_000_000)),
            Some(10_000)
        );
        assert_eq!(per_request((1000, 1), (1000, 2)), None);
        assert_eq!(per_request((1000, 5), (3000, 2)), None);
    }

    #[test]
    fn worse_is_positive() {
        assert!(worsening(100, 104) > 0.03);
        assert!(worsening(100, 103) < 0.030_001);
        assert!(worsening(100, 90) < 0.0);
    }
}
