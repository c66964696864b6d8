//! Chance that can be had again.
#![expect(
    clippy::unwrap_used,
    reason = "this is for tests: it fails with the test that uses it"
)]

use std::hash::{BuildHasher, RandomState};

/// Numbers that follow from a seed (xorshift64*).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// From a seed that the environment variable sets, or any: to be printed, so
    /// that a run can be had again.
    pub fn seeded_by(variable: &str) -> Self {
        let set = std::env::var_os(variable);
        let set = set.map(|seed| Chance(seed.to_str().unwrap().parse().unwrap()));
        set.unwrap_or_else(Self::any)
    }

    /// From any seed.
    pub fn any() -> Self {
        Chance(RandomState::new().hash_one(0) | 1)
    }

    /// One of `0..count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let scrambled = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(scrambled).unwrap() % count
    }

    /// Puts things into another order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}
