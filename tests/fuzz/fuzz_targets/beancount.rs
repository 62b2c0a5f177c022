#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("beancount"),
    |data: &[u8]| (targets::target("beancount").run)(data)
);
