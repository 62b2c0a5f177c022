//! Work on many rows, spread over the machine's cores.

use std::panic::resume_unwind;
use std::thread;

/// Rows that one core takes at once; fewer are not worth a thread.
const RUN: usize = 4_096;

/// What `each` makes of every item, in order. `start` makes what a core carries from one item to the next.
pub fn spread<T: Sync, S, R: Send>(
    items: &[T],
    start: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let run = |items: &[T]| {
        let mut carried = start();
        items
            .iter()
            .map(|item| each(&mut carried, item))
            .collect::<Vec<R>>()
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cores == 1 || items.len() <= RUN {
        return run(items);
    }
    let mut made = Vec::with_capacity(items.len());
    // Block by block, so that little is held twice.
    for block in items.chunks(cores * RUN) {
        let mut runs = block.chunks(RUN);
        let first = runs.next().unwrap_or_default();
        thread::scope(|scope| {
            let others: Vec<_> = runs.map(|items| scope.spawn(|| run(items))).collect();
            made.extend(run(first));
            for other in others {
                made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
        });
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_number_stay() {
        for count in [0, 1, RUN, RUN + 1, 2 * RUN, 9 * RUN + 7] {
            let items: Vec<usize> = (0..count).collect();
            let made = spread(&items, String::new, |text, n| {
                text.clear();
                text.push_str(&n.to_string());
                text.clone()
            });
            assert_eq!(made.len(), count);
            assert!(made.iter().zip(&items).all(|(m, n)| *m == n.to_string()));
        }
    }
}
