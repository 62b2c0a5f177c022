//! Many short texts in one arena, each kept once and named by a 4-byte handle.

use std::hash::{BuildHasher, RandomState};

/// Texts by handle. Handles are dense from 0; the empty text is always 0.
#[derive(Debug, Clone)]
pub struct Texts {
    arena: String,
    /// Where each text ends; it begins where the one before it ends.
    ends: Vec<u32>,
    /// Open addressing over handles + 1; 0 is free. Always a power of two long.
    table: Vec<u32>,
    hasher: RandomState,
}

/// A text in a [`Texts`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextKey(pub u32);

impl Default for Texts {
    fn default() -> Texts {
        let mut texts = Texts {
            arena: String::new(),
            ends: Vec::new(),
            table: vec![0; 64],
            hasher: RandomState::new(),
        };
        texts.put("");
        texts
    }
}

impl Texts {
    /// The handle of a text, kept now if it is new; `None` once the arena holds 4 GiB.
    pub fn put(&mut self, text: &str) -> Option<TextKey> {
        let mask = self.table.len() - 1;
        let mut slot = self.hasher.hash_one(text) as usize & mask;
        while self.table[slot] != 0 {
            let key = TextKey(self.table[slot] - 1);
            if self.get(key) == text {
                return Some(key);
            }
            slot = (slot + 1) & mask;
        }
        let end = u32::try_from(self.arena.len() + text.len()).ok()?;
        let key = u32::try_from(self.ends.len()).ok()?;
        self.arena.push_str(text);
        self.ends.push(end);
        self.table[slot] = key + 1;
        if self.ends.len() * 2 > self.table.len() {
            self.grow();
        }
        Some(TextKey(key))
    }

    /// The text of a handle this arena gave out.
    pub fn get(&self, key: TextKey) -> &str {
        let index = key.0 as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.arena[start as usize..self.ends[index] as usize]
    }

    fn grow(&mut self) {
        let mut table = vec![0u32; self.table.len() * 2];
        let mask = table.len() - 1;
        for index in 0..self.ends.len() {
            let key = TextKey(index as u32);
            let mut slot = self.hasher.hash_one(self.get(key)) as usize & mask;
            while table[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            table[slot] = key.0 + 1;
        }
        self.table = table;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_a_handle_and_all_are_found_again() {
        let mut texts = Texts::default();
        assert_eq!(texts.put(""), Some(TextKey(0)));
        let keys: Vec<TextKey> = (0..5_000)
            .map(|i| texts.put(&format!("payee {i}")).unwrap())
            .collect();
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(texts.get(*key), format!("payee {i}"));
            assert_eq!(texts.put(&format!("payee {i}")), Some(*key));
        }
        assert_eq!(texts.get(TextKey(0)), "");
    }
}
