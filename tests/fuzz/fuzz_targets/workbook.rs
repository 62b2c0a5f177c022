#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("workbook"),
    |data: &[u8]| (targets::target("workbook").run)(data)
);
