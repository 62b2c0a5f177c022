//! Numbers by chance that can be had again: every randomised test prints its seed.

/// A small seeded generator (splitmix64), the same on every machine.
pub struct Chance(u64);

impl Chance {
    /// From `HISSAB_SEED`, else from the clock; says which on stderr, where a failing test shows it.
    pub fn new(test: &str) -> Chance {
        let given = std::env::var("HISSAB_SEED")
            .ok()
            .and_then(|s| s.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |d| d.as_nanos() as u64)
        });
        eprintln!("{test}: HISSAB_SEED={seed}");
        Chance(seed)
    }

    /// From a seed that another one gave.
    pub fn from(seed: u64) -> Chance {
        Chance(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to and without `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
