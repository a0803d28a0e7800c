//! Medians and the like.

/// The `q`-quantile of some values by the nearest-rank method; 0 if there are none.
#[must_use]
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (q * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1).min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// The greatest of some values; 0 if there are none.
#[must_use]
pub fn greatest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::{greatest, quantile};

    #[test]
    fn quantiles_are_values_that_occur() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!([0.5, 0.99, 1.0, 0.0].map(|q| quantile(&mut values, q)), [50.0, 99.0, 100.0, 1.0]);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
        assert_eq!(quantile(&mut [7.0], 0.99), 7.0);
        assert_eq!((greatest(&[1.0, 3.0, 2.0]), greatest(&[])), (3.0, 0.0));
    }
}
