#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("book_file"),
    |data: &[u8]| (targets::target("book_file").run)(data)
);
