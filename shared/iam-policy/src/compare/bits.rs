//! Sets of small numbers.

/// A set of places in a list whose length is fixed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn none(length: usize) -> Self {
        Self { words: vec![0; length.div_ceil(64)] }
    }

    pub(super) fn all(length: usize) -> Self {
        Self::such_that(length, |_| true)
    }

    pub(super) fn such_that(length: usize, mut is_in: impl FnMut(usize) -> bool) -> Self {
        let mut bits = Self::none(length);
        (0..length).filter(|place| is_in(*place)).for_each(|place| bits.insert(place));
        bits
    }

    pub(super) fn insert(&mut self, place: usize) {
        if let Some(word) = self.words.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    pub(super) fn has(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.zipped(other, |left, right| left & right)
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        self.zipped(other, |left, right| left | right)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.zipped(other, |left, right| left & !right)
    }

    fn zipped(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self { words: self.words.iter().zip(&other.words).map(|(left, right)| join(*left, *right)).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(super) fn is_inside(&self, other: &Self) -> bool {
        self.minus(other).is_empty()
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(left, right)| left & right != 0)
    }

    pub(super) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let ones = |(index, word): (usize, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| index * 64 + bit)
        };
        self.words.iter().enumerate().flat_map(ones)
    }
}
