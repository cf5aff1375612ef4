//! What a run says at its end.

use serde::Serialize;

/// One JSON object on standard output.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) requests: u64,
    /// Requests before the clock started: one on each connection.
    pub(crate) opening: u64,
    pub(crate) seconds: f64,
    pub(crate) rate: f64,
    pub(crate) errors: u64,
    /// The first thing that went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Latencies in microseconds; of a whole batch where requests are pipelined.
    pub(crate) p50: u32,
    pub(crate) p90: u32,
    pub(crate) p99: u32,
}

/// The value that `percent` of the sorted samples do not exceed (nearest rank); 0 without samples.
pub(crate) fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let samples: Vec<u32> = (1..=200).collect();
        assert_eq!(percentile(&samples, 50), 100);
        assert_eq!(percentile(&samples, 99), 198);
        assert_eq!(percentile(&[7], 50), 7);
        assert_eq!(percentile(&[7], 99), 7);
        assert_eq!(percentile(&[], 99), 0);
    }
}
