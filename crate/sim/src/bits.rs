//! Sets of hosts.

/// A set of small numbers, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: u32,
}

impl Bits {
    /// Adds a number. Whether it is new.
    pub fn insert(&mut self, number: u32) -> bool {
        let word = (number / 64) as usize;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let before = self.words[word];
        self.words[word] |= 1 << (number % 64);
        let new = self.words[word] != before;
        self.len += u32::from(new);
        new
    }

    /// Removes a number. Whether it was there.
    pub fn remove(&mut self, number: u32) -> bool {
        let Some(word) = self.words.get_mut((number / 64) as usize) else { return false };
        let there = *word >> (number % 64) & 1 == 1;
        *word &= !(1 << (number % 64));
        self.len -= u32::from(there);
        there
    }

    /// Whether a number is there.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.words.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many of these are also among others.
    #[must_use]
    pub fn common(&self, others: &Self) -> u32 {
        self.words.iter().zip(&others.words).map(|(a, b)| (a & b).count_ones()).sum()
    }

    /// The numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 == 1);
        (0_u32..).zip(&self.words).flat_map(move |(at, word)| bits(*word).map(move |bit| at * 64 + bit))
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut bits = Self::default();
        numbers.into_iter().for_each(|number| {
            bits.insert(number);
        });
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn a_set_holds_what_was_put_in_and_not_taken_out() {
        let mut bits: Bits = [3, 64, 200, 3].into_iter().collect();
        assert_eq!((bits.len(), bits.iter().collect::<Vec<_>>()), (3, vec![3, 64, 200]));
        assert!(bits.remove(64) && !bits.remove(64) && !bits.remove(9_999));
        assert!(bits.contains(200) && !bits.contains(64) && !bits.contains(9_999));
        assert!(!bits.insert(3) && bits.insert(4));
        assert_eq!(bits.len(), 3);
    }

    #[test]
    fn what_two_sets_have_in_common_is_counted() {
        let (a, b): (Bits, Bits) = ([1, 2, 300].into_iter().collect(), [2, 3].into_iter().collect());
        assert_eq!((a.common(&b), b.common(&a)), (1, 1));
        assert!(Bits::default().is_empty());
    }
}
