//! Runs one seed and prints what happened.
fn main() {
    let seed = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    let outcome = payme_simulation::run_seed(seed, None, true);
    for line in outcome.trace {
        println!("{line}");
    }
    println!("{:?}", outcome.violation);
}
