//! Names of accounts and commodities in programs with a narrower alphabet: legal, and no two alike.

use std::collections::HashSet;

/// A name for each original, in order: `legal(original)`, and where two would be the same, the
/// later one is numbered. An original that is legal as it is keeps its name whatever else is there.
pub fn unique(
    originals: &[&str],
    legal: impl Fn(usize) -> String,
    numbered: impl Fn(&str, usize) -> String,
    fold: impl Fn(&str) -> String,
) -> Vec<String> {
    let wanted: Vec<String> = (0..originals.len()).map(legal).collect();
    let kept = |place: &usize| wanted[*place] == originals[*place];
    let mut taken: HashSet<String> = HashSet::new();
    let mut names = vec![String::new(); originals.len()];
    let (first, second): (Vec<usize>, Vec<usize>) = (0..originals.len()).partition(kept);
    for place in first.into_iter().chain(second) {
        let mut name = wanted[place].clone();
        let mut count = 2;
        while !taken.insert(fold(&name)) {
            name = numbered(&wanted[place], count);
            count += 1;
        }
        names[place] = name;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_alike_and_legal_ones_stay() {
        let originals = ["a b", "a-b", "A b", "c"];
        let legal = |place: usize| originals[place].replace(' ', "-");
        let names = unique(
            &originals,
            legal,
            |name, count| format!("{name}-{count}"),
            str::to_lowercase,
        );
        assert_eq!(names, ["a-b-2", "a-b", "A-b-3", "c"]);
    }
}
