//! Runs a target over its inputs; what fails is made small and shown with how to repeat it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::mutate::Inputs;
use super::targets::Target;

/// How many inputs each target gets where nothing else is asked for.
const RUNS_DEFAULT: u64 = 5_000;
/// An input that takes longer hangs.
const HANG: Duration = Duration::from_secs(30);
/// How long a failing input is made smaller.
const SHRINKING: Duration = Duration::from_secs(5);
/// How many bytes of a failing input are shown.
const SHOWN_BYTES_MAX: usize = 4 * 1024;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs a target over its inputs, or over the one that `PAYME_FUZZ_SEED` names.
pub(crate) fn run(name: &str, target: Target) {
    let inputs = Inputs::of(name);
    let numbers = match number("PAYME_FUZZ_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PAYME_FUZZ_RUNS").unwrap_or(RUNS_DEFAULT),
    };
    let begin = Instant::now();
    let mut bytes = 0;
    watched(name, |at| {
        for number in numbers.clone() {
            at.store(number, Ordering::Relaxed);
            let input = inputs.input(number);
            bytes += input.len();
            if let Err(law) = outcome(target, &input) {
                report(name, target, number, &input, &law);
            }
        }
    });
    let runs = numbers.end - numbers.start;
    println!("{name}: {runs} inputs, {bytes} bytes, {:.1} s", begin.elapsed().as_secs_f64());
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}

/// Runs `work` beside a watch that ends the process when the number stands still.
fn watched(name: &str, work: impl FnOnce(&AtomicU64)) {
    let at = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let (done, wait) = channel::<()>();
        let at = &at;
        scope.spawn(move || {
            let mut seen = u64::MAX;
            while wait.recv_timeout(HANG) == Err(RecvTimeoutError::Timeout) {
                let now = at.load(Ordering::Relaxed);
                if now == seen {
                    eprintln!("{name} hangs: {}", how_to_repeat(name, now));
                    std::process::exit(101);
                }
                seen = now;
            }
        });
        work(at);
        drop(done);
    });
}

/// What the target says of an input: nothing, or the law that is broken.
fn outcome(target: Target, input: &[u8]) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                shown(panic);
            } else if let Some(place) = panic.location() {
                PLACE.set(Some((place.file().to_owned(), place.line())));
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| target(input)));
    QUIET.set(false);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        let (file, line) = PLACE.take().unwrap_or_default();
        format!("{file}:{line}: {text}")
    })
}

thread_local! {
    static PLACE: Cell<Option<(String, u32)>> = const { Cell::new(None) };
}

fn how_to_repeat(name: &str, number: u64) -> String {
    format!("PAYME_FUZZ_SEED={number} cargo test --test fuzz -- --exact {name}")
}

/// Fails with the law, the way to repeat it, and the input made as small as time allows.
fn report(name: &str, target: Target, number: u64, input: &[u8], law: &str) -> ! {
    let small = shrunk(target, input);
    let law_of_small = outcome(target, &small).err().unwrap_or_default();
    let shown = &small[..small.len().min(SHOWN_BYTES_MAX)];
    panic!(
        "{name}, input {number} of {} bytes: {law}\n\
         again: {}\n\
         made smaller, {} bytes: {}\n\
         which gives: {law_of_small}",
        input.len(),
        how_to_repeat(name, number),
        small.len(),
        shown.escape_ascii(),
    );
}

/// Takes chunks away, large ones first, as long as the target still fails.
fn shrunk(target: Target, input: &[u8]) -> Vec<u8> {
    let begin = Instant::now();
    let mut small = input.to_vec();
    let mut size = small.len().div_ceil(2);
    while size > 0 && begin.elapsed() < SHRINKING {
        let mut at = 0;
        let mut has_shrunk = false;
        while at < small.len() && begin.elapsed() < SHRINKING {
            let mut less = small.clone();
            drop(less.drain(at..(at + size).min(small.len())));
            if outcome(target, &less).is_err() {
                small = less;
                has_shrunk = true;
            } else {
                at += size;
            }
        }
        if size == 1 && !has_shrunk {
            break;
        }
        size = if size > 1 { size / 2 } else { 1 };
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses_a_bang(data: &[u8]) {
        assert!(!data.contains(&b'!'), "a bang");
    }

    #[test]
    fn a_failure_is_told_and_made_small() {
        let input = b"some long text ! with a bang";
        let law = outcome(refuses_a_bang, input).expect_err("it fails");
        assert!(law.contains("runner.rs:") && law.contains("a bang"), "{law}");
        assert_eq!(shrunk(refuses_a_bang, input), b"!");
        assert_eq!(outcome(refuses_a_bang, b"calm"), Ok(()));
    }
}
