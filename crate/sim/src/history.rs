//! How a run went, second by second: what the pictures are drawn from.

use std::collections::BTreeMap;

use crate::time::Micros;

/// One second of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// When it ended.
    pub at: Micros,
    /// Members that are not gone.
    pub living: u32,
    /// Members that the one who knows fewest knows, itself included.
    pub known_least: u32,
    /// Members that one knows, mean.
    pub known_mean: f64,
    /// Members that the one who knows most knows: more than the living means that it has not heard of a death.
    pub known_most: u32,
    /// Bytes that were sent in this second, by kind.
    pub bytes_by_kind: BTreeMap<&'static str, u64>,
}

/// All seconds of a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    samples: Vec<Sample>,
    /// All bytes before, by kind.
    before: BTreeMap<&'static str, u64>,
}

impl History {
    /// A second has passed. `known` is how many members each living host knows, itself included; `bytes` what was sent
    /// since counting began.
    pub fn second(&mut self, at: Micros, known: impl Iterator<Item = u32>, bytes: BTreeMap<&'static str, u64>) {
        let (mut living, mut sum, mut least, mut most) = (0, 0_u64, u32::MAX, 0);
        for known in known {
            living += 1;
            sum += u64::from(known);
            (least, most) = (least.min(known), most.max(known));
        }
        let new = |(kind, bytes): (&&'static str, &u64)| {
            let before = self.before.get(kind).copied().unwrap_or(0);
            // Counting may have begun anew.
            (*kind, bytes.checked_sub(before).unwrap_or(*bytes))
        };
        let bytes_by_kind = bytes.iter().map(new).filter(|(_, bytes)| *bytes > 0).collect();
        self.before = bytes;
        self.samples.push(Sample {
            at,
            living,
            known_least: if living == 0 { 0 } else { least },
            known_mean: sum as f64 / f64::from(living.max(1)),
            known_most: most,
            bytes_by_kind,
        });
    }

    /// All seconds so far.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_own_bytes_even_if_counting_began_anew() {
        let mut history = History::default();
        [100, 250, 30].iter().for_each(|bytes| history.second(0, [1].into_iter(), BTreeMap::from([("ping", *bytes)])));
        let bytes: Vec<_> = history.samples().iter().map(|sample| sample.bytes_by_kind["ping"]).collect();
        assert_eq!(bytes, [100, 150, 30]);
    }

    #[test]
    fn a_second_tells_who_knows_least_and_most() {
        let mut history = History::default();
        history.second(5, [3, 1, 5].into_iter(), BTreeMap::new());
        history.second(6, std::iter::empty(), BTreeMap::new());
        let [first, empty] = history.samples() else { panic!("two seconds") };
        assert_eq!((first.living, first.known_least, first.known_most), (3, 1, 5));
        assert!((first.known_mean - 3.0).abs() < 1e-9);
        assert_eq!((empty.living, empty.known_least), (0, 0));
    }
}
