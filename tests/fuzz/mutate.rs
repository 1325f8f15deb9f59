//! Inputs: seeds, and the damage that a number does to them.
//!
//! In: the name of a target and a number. Out: bytes, the same for the same number and files.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::root;

/// No input is longer.
pub(crate) const INPUT_BYTES_MAX: usize = 64 * 1024;
/// Longer seeds are taken rarely: most of the time should go to many small inputs.
const SEED_BYTES_USUAL: usize = 4 * 1024;
/// How many changes one input gets at most.
const CHANGES_MAX: usize = 8;

/// A small generator of numbers (`SplitMix64`); the same seed gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).expect("a length");
        usize::try_from(self.next() % end).expect("below a length")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, items: &'a [Vec<u8>]) -> &'a [u8] {
        items.get(self.below(items.len())).map_or(&[], Vec::as_slice)
    }
}

/// What inputs of one target are made of.
pub(crate) struct Inputs {
    target: u64,
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
    tokens: Vec<Vec<u8>>,
}

impl Inputs {
    /// Reads the seeds of a target, its fixtures and the dictionary.
    pub(crate) fn of(target: &str) -> Self {
        let mut paths = files(&root().join("fuzz/seeds").join(target));
        for fixture in fixtures(target) {
            paths.extend(files(&root().join("fixtures").join(fixture)));
        }
        let read = |path: &PathBuf| std::fs::read(path).expect("a seed can be read");
        let seeds: Vec<Vec<u8>> = paths.iter().map(read).collect();
        let (small, large) = seeds.into_iter().partition(|seed| seed.len() <= SEED_BYTES_USUAL);
        let number = target.bytes().fold(7, |sum, byte| {
            u64::wrapping_add(u64::wrapping_mul(sum, 1_099_511_628_211), u64::from(byte))
        });
        Self { target: number, small, large, tokens: dictionary() }
    }

    /// Input number `number`: first the seeds as they are, then damaged ones.
    pub(crate) fn input(&self, number: u64) -> Vec<u8> {
        let mut seeds = self.small.iter().chain(&self.large);
        if let Some(seed) = usize::try_from(number).ok().and_then(|at| seeds.nth(at)) {
            return limited(seed.clone());
        }
        let mut random = Random(self.target ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut input = self.seed(&mut random);
        // Few changes are likelier than many, so that most inputs get past the first check.
        let most = random.below(CHANGES_MAX) + 1;
        let is_gentle = random.one_in(2);
        for _ in 0..=random.below(most) {
            if is_gentle {
                self.change_value(&mut input, &mut random);
            } else {
                self.change(&mut input, &mut random);
            }
        }
        limited(input)
    }

    fn seed(&self, random: &mut Random) -> Vec<u8> {
        if random.one_in(40) {
            // Nothing but tokens and bytes.
            return (0..random.below(12)).flat_map(|_| self.token(random)).collect();
        }
        let is_large = self.small.is_empty() || (!self.large.is_empty() && random.one_in(200));
        random.pick(if is_large { &self.large } else { &self.small }).to_vec()
    }

    /// A token of the dictionary, a number at an edge, or a few bytes.
    fn token(&self, random: &mut Random) -> Vec<u8> {
        match random.below(8) {
            0 => number(random).into_bytes(),
            1 => (0..=random.below(5)).map(|_| random.byte()).collect(),
            _ => random.pick(&self.tokens).to_vec(),
        }
    }

    fn change(&self, input: &mut Vec<u8>, random: &mut Random) {
        let (start, end) = span(input.len(), random);
        match random.below(14) {
            0 => flip(input, random),
            1 => drop(input.splice(start..start, [random.byte()])),
            2 => drop(input.drain(start..end)),
            3 => {
                let copy = input[start..end].to_vec();
                let at = random.below(input.len() + 1);
                drop(input.splice(at..at, copy));
            }
            4 => {
                let other = random.pick(&self.small).to_vec();
                let (from, to) = span(other.len(), random);
                drop(input.splice(start..end, other[from..to].iter().copied()));
            }
            5 => drop(input.splice(start..start, self.token(random))),
            6 => drop(input.splice(start..end, self.token(random))),
            7 | 8 => replace(input, random, |byte| byte.is_ascii_digit(), number),
            9 | 10 => {
                let token = self.token(random);
                replace_between_quotes(input, random, &token);
            }
            11 => damage_utf8(input, random),
            12 => input.truncate(start),
            _ => duplicate_line(input, random),
        }
    }
}

impl Inputs {
    /// Changes a value and leaves the form as it is, so that what is behind the form is reached.
    fn change_value(&self, input: &mut Vec<u8>, random: &mut Random) {
        match random.below(8) {
            0 => replace(input, random, |byte| byte.is_ascii_digit(), number),
            1 | 2 => change_digit(input, random),
            3 => {
                let token = self.token(random);
                let text = token.iter().filter(|byte| byte.is_ascii() && !b"\"\\\n".contains(byte));
                let text: Vec<u8> = text.copied().collect();
                replace_between_quotes(input, random, &text);
            }
            4 | 5 => {
                let other = if random.one_in(2) { random.pick(&self.small) } else { &*input };
                let copy = other[value(other, random)].to_vec();
                let place = value(input, random);
                drop(input.splice(place, copy));
            }
            6 => {
                // One more element or member like the one that is there.
                let place = value(input, random);
                let copy = [input[place.clone()].to_vec(), b",".to_vec()].concat();
                drop(input.splice(place.start..place.start, copy));
            }
            _ => duplicate_line(input, random),
        }
    }
}

/// Where a value of JSON stands: a text, an object, a list, or a word.
fn value(input: &[u8], random: &mut Random) -> Range<usize> {
    let from = random.below(input.len());
    let begins = |byte: &u8| b"\"{[".contains(byte) || byte.is_ascii_digit();
    let Some(start) = input.iter().skip(from).position(begins).map(|at| from + at) else {
        return from..from;
    };
    if input[start].is_ascii_digit() {
        let word = |byte: &&u8| byte.is_ascii_alphanumeric() || b".+-".contains(byte);
        return start..start + input[start..].iter().take_while(word).count();
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in input.iter().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && !in_text {
            return start..at + 1;
        }
    }
    start..input.len()
}

/// The files of a folder, or the one file, sorted; folders inside are looked into.
pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = path.read_dir().expect("a folder of seeds");
    let mut paths: Vec<PathBuf> =
        entries.flat_map(|entry| files(&entry.expect("an entry").path())).collect();
    paths.sort();
    paths
}

/// The fixtures that a target can read.
fn fixtures(target: &str) -> &'static [&'static str] {
    match target {
        "settlements" => &["settlements.json"],
        "transactions" => &[
            "people/ada-fixture/card.json",
            "people/ada-fixture/transactions.json",
            "people/nemo-nowhere",
            "people/remo-reversal",
            "people/trip-wordwise/transactions.csv",
        ],
        "messages" => &["people/ada-fixture/message.json", "people/mila-postbox"],
        "mbox" => &["people/mila-postbox/archive.mbox"],
        "eml" => &["people/trip-wordwise/newsletter.eml"],
        _ => &[],
    }
}

/// The tokens of `fuzz/dictionary.txt`.
fn dictionary() -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(root().join("fuzz/dictionary.txt")).expect("the dictionary");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let inside = |line: &'_ str| {
        let token = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        unescaped(token.expect(line).as_bytes(), line)
    };
    lines.map(inside).collect()
}

/// The bytes of a token: `\\`, `\"` and `\xNN` stand for one byte each.
fn unescaped(mut rest: &[u8], line: &str) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((byte, behind)) = rest.split_first() {
        let (byte, behind) = match (byte, behind) {
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).expect(line);
                let value = digit(*high) * 16 + digit(*low);
                (u8::try_from(value).expect(line), behind)
            }
            (b'\\', [escaped, behind @ ..]) => (*escaped, behind),
            (byte, behind) => (*byte, behind),
        };
        out.push(byte);
        rest = behind;
    }
    out
}

fn limited(mut input: Vec<u8>) -> Vec<u8> {
    input.truncate(INPUT_BYTES_MAX);
    input
}

/// A place and a short way on from it.
fn span(length: usize, random: &mut Random) -> (usize, usize) {
    let start = random.below(length + 1);
    let most = if random.one_in(4) { length - start } else { (length - start).min(24) };
    (start, start + random.below(most + 1))
}

fn flip(input: &mut [u8], random: &mut Random) {
    let at = random.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

/// Puts another digit in the place of one, so that a date or an amount stays one.
fn change_digit(input: &mut [u8], random: &mut Random) {
    let from = random.below(input.len());
    if let Some(digit) = input.iter_mut().skip(from).find(|byte| byte.is_ascii_digit()) {
        *digit = b'0' + random.byte() % 10;
    }
}

/// A number at an edge, or one with many digits.
fn number(random: &mut Random) -> String {
    const EDGES: [&str; 22] = [
        "0",
        "-0",
        "1",
        "-1",
        "0.005",
        "1e-7",
        "1e308",
        "-1e308",
        "1e999",
        "5e-324",
        "1E+2",
        "2147483648",
        "4294967295",
        "4294967296",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551616",
        "00",
        "1.",
        "99999999999999999999999999999999999999999",
    ];
    let bits = random.next();
    match random.below(4) {
        0 => format!("0.{bits}"),
        1 => format!("{}", f64::from_bits(bits)),
        2 => format!("{bits}").split_off(random.below(15)),
        _ => EDGES[random.below(EDGES.len())].to_owned(),
    }
}

/// Puts something else in the place of one run of bytes of a kind.
fn replace(
    input: &mut Vec<u8>,
    random: &mut Random,
    kind: impl Fn(&u8) -> bool,
    with: impl Fn(&mut Random) -> String,
) {
    let from = random.below(input.len());
    let Some(start) = input.iter().skip(from).position(&kind).map(|at| from + at) else { return };
    let length = input.iter().skip(start).take_while(|byte| kind(byte)).count();
    drop(input.splice(start..start + length, with(random).into_bytes()));
}

/// Puts a token in the place of what stands between two quotes.
fn replace_between_quotes(input: &mut Vec<u8>, random: &mut Random, token: &[u8]) {
    let from = random.below(input.len());
    let quote = |from: usize, input: &[u8]| {
        input.iter().skip(from).position(|byte| *byte == b'"').map(|at| from + at)
    };
    let Some(open) = quote(from, input) else { return };
    let Some(close) = quote(open + 1, input) else { return };
    drop(input.splice(open + 1..close, token.iter().copied()));
}

/// Breaks a character of several bytes, or puts half of one in.
fn damage_utf8(input: &mut Vec<u8>, random: &mut Random) {
    const HALVES: [&[u8]; 6] =
        [b"\xc3", b"\xe2\x80", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\x80", b"\xa9"];
    match input.iter().position(|byte| *byte >= 0x80).filter(|_| random.one_in(2)) {
        Some(at) => drop(input.remove(at)),
        None => {
            let at = random.below(input.len() + 1);
            let half = HALVES[random.below(HALVES.len())];
            drop(input.splice(at..at, half.iter().copied()));
        }
    }
}

fn duplicate_line(input: &mut Vec<u8>, random: &mut Random) {
    let lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
    let line = lines.get(random.below(lines.len())).map_or(Vec::new(), |line| line.to_vec());
    let before: usize = lines.iter().take(random.below(lines.len() + 1)).map(|l| l.len()).sum();
    drop(input.splice(before..before, line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_input() {
        let [one, two] = [Inputs::of("predicate"), Inputs::of("predicate")];
        for number in 0..200 {
            assert_eq!(one.input(number), two.input(number));
        }
        let distinct: std::collections::BTreeSet<_> = (0..200).map(|n| one.input(n)).collect();
        assert!(distinct.len() > 150, "{} inputs of 200 differ", distinct.len());
    }

    #[test]
    fn tokens_are_the_bytes_they_stand_for() {
        let tokens = dictionary();
        for token in [&b"\""[..], b"\\ud800", b"\xef\xbb\xbf", b"\"added\":", b"{}"] {
            assert!(tokens.iter().any(|known| known == token), "{}", token.escape_ascii());
        }
    }
}
