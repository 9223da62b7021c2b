//! Chance that falls the same in every run.

/// Numbers that look random and are the same in every run (splitmix64).
pub struct Dice(u64);

impl Dice {
    /// A sequence of its own per `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number from 0 to `below` − 1.
    pub fn below(&mut self, below: i64) -> i64 {
        (self.next() >> 2).cast_signed() % below.max(1)
    }

    /// One of `from`; none of an empty slice.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let index = self.below(i64::try_from(from.len()).unwrap_or(1));
        from.get(usize::try_from(index).unwrap_or(0)).copied()
    }
}

/// A permutation of 64-bit numbers: different in, different out.
pub fn mixed(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
