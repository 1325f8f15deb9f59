//! Embedders: a text becomes a point, so that similar texts point in similar directions.
//!
//! In: a text. Out: a vector of length 1, or all zeros where the text says nothing. The default,
//! [`HashedNgrams`], needs no model and uses only additions, multiplications, divisions
//! and square roots as IEEE 754 defines them, so its bits are the same on every machine.
//! Rules: `docs/rules/vectors.md`.

/// The dimension of [`HashedNgrams::default`].
pub const HASHED_NGRAMS_DIMENSION: usize = 384;

/// The shortest and the longest n-gram, in characters.
const NGRAM_CHARS_MIN: usize = 3;
const NGRAM_CHARS_MAX: usize = 5;

/// What begins the hash of a word and of an n-gram, so that the same letters are two features.
const WORD: u8 = b'w';
const NGRAM: u8 = b'n';

/// Turns texts into vectors. Two vectors can be compared when their embedders have the same name
/// and dimension.
///
/// An embedder of your own must keep three promises: the same text gives the same bits, every
/// number is finite, and the vector has length 1 (within rounding) or is all zeros.
pub trait Embedder: Send + Sync {
    /// What tells this embedder and its version from others, such as `hashed-ngrams-v1`.
    fn name(&self) -> &str;

    /// How many numbers a vector has.
    fn dimension(&self) -> usize;

    /// Writes the vector of `text` over `out`, whatever it held.
    ///
    /// `out` has [`dimension`](Self::dimension) numbers; one of another length is filled with
    /// zeros, which point nowhere.
    fn embed(&self, text: &str, out: &mut [f32]);
}

/// Words and character n-grams, hashed into a fixed number of places with a sign.
///
/// A word is a run of letters and digits in lower case. Its features are the word itself and every
/// run of 3 to 5 characters of the word with a space on both sides. A feature that occurs c times
/// adds `sqrt(c)`, with the sign and at the place that its hash says; the sum is divided by its
/// length. The order of the words does not matter, down to the last bit. Where features cancel each
/// other and nothing is left, which happens to one in 768 words of one letter, the vector is zero.
///
/// What a letter is and what its lower case is, is what Unicode says; ASCII never changes.
///
/// # Examples
/// ```
/// # use payme_core::vectors::{Embedder, HashedNgrams, cosine};
/// let embedder = HashedNgrams::default();
/// let embed = |text: &str| {
///     let mut vector = vec![0.0; embedder.dimension()];
///     embedder.embed(text, &mut vector);
///     vector
/// };
/// let [claim, close, far] = ["data breach at the bank", "a bank's data breaches", "cold brew"];
/// assert!(cosine(&embed(claim), &embed(close)) > cosine(&embed(claim), &embed(far)));
/// assert!(cosine(&embed(claim), &embed("...")).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedNgrams {
    dimension: usize,
}

impl HashedNgrams {
    /// An embedder into `dimension` places. With fewer places more features share one.
    pub const fn new(dimension: usize) -> Self {
        Self { dimension }
    }
}

impl Default for HashedNgrams {
    fn default() -> Self {
        Self::new(HASHED_NGRAMS_DIMENSION)
    }
}

impl Embedder for HashedNgrams {
    fn name(&self) -> &'static str {
        "hashed-ngrams-v1"
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn embed(&self, text: &str, out: &mut [f32]) {
        out.fill(0.0);
        if out.len() != self.dimension {
            return;
        }
        let mut features = features(&words(text));
        // Sorted, equal features stand together, and the sum has one order for every word order.
        features.sort_unstable();
        for equal in features.chunk_by(|a, b| a == b) {
            let Some(feature) = equal.first() else { continue };
            if let Some(sum) = out.get_mut(place(*feature, self.dimension)) {
                *sum += signed_damped(*feature, equal.len());
            }
        }
        normalise(out);
    }
}

/// The words of a text in lower case, each with one space before it and one after the last.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 2);
    words.push(' ');
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            words.push(c);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

/// The hashes of all features, in the order of the text, as often as they occur.
fn features(words: &str) -> Vec<u64> {
    let mut features = Vec::with_capacity(words.len() * 3);
    let mut before = 0;
    for ended in words.get(1..).unwrap_or_default().split_inclusive(' ') {
        let word = ended.trim_end_matches(' ');
        features.push(mixed(word.bytes().fold(fnv1a(FNV_BASIS, WORD), fnv1a)));
        // The space that ends a word also begins the next one.
        let after = before + ended.len();
        ngrams(words.get(before..=after).unwrap_or_default(), &mut features);
        before = after;
    }
    features
}

/// Adds the hash of each n-gram of a word that has its two spaces.
fn ngrams(padded: &str, features: &mut Vec<u64>) {
    for (start, _) in padded.char_indices() {
        let mut hash = fnv1a(FNV_BASIS, NGRAM);
        let rest = padded.get(start..).unwrap_or_default();
        for (chars_before, c) in rest.chars().take(NGRAM_CHARS_MAX).enumerate() {
            hash = c.encode_utf8(&mut [0; 4]).bytes().fold(hash, fnv1a);
            if chars_before + 1 >= NGRAM_CHARS_MIN {
                features.push(mixed(hash));
            }
        }
    }
}

/// The 64-bit FNV-1a hash starts from here.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

const fn fnv1a(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(FNV_PRIME)
}

/// Spreads what FNV-1a leaves in the low bits over all of them; a bijection.
const fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The top bits of a hash, spread evenly over `0..dimension`.
fn place(feature: u64, dimension: usize) -> usize {
    let product = u128::from(feature) * dimension as u128;
    usize::try_from(product >> 64).unwrap_or(0)
}

/// The square root of how often a feature occurs, with the sign that its lowest bit says.
fn signed_damped(feature: u64, count: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "texts are shorter than 2^53 characters")]
    let root = (count as f64).sqrt();
    rounded(if feature & 1 == 0 { root } else { -root })
}

/// To single precision, to the nearest.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
const fn rounded(value: f64) -> f32 {
    value as f32
}

/// Divides a vector by its Euclidean length, and says whether it has a direction.
///
/// A vector that has none (all zeros, or a number that is not finite) becomes all zeros. Very
/// small and very large numbers do no harm: squares are summed in double precision, first to last.
///
/// ```
/// # use payme_core::vectors::normalise;
/// let mut vector = [3.0, 0.0, -4.0];
/// assert!(normalise(&mut vector));
/// assert_eq!(vector, [0.6, 0.0, -0.8]);
/// assert!(!normalise(&mut [0.0; 3]));
/// ```
pub fn normalise(vector: &mut [f32]) -> bool {
    let squares = vector.iter().map(|x| f64::from(*x) * f64::from(*x));
    let length = squares.sum::<f64>().sqrt();
    if !length.is_finite() || length <= 0.0 {
        vector.fill(0.0);
        return false;
    }
    vector.iter_mut().for_each(|x| *x = rounded(f64::from(*x) / length));
    true
}

/// The cosine of the angle between two vectors, in `[-1, 1]`; the same bits on every machine.
///
/// `cos = sum a_i b_i / (|a| |b|)` in double precision. `None` where one of them has no direction
/// (all zeros, or a number that is not finite) or their lengths differ.
///
/// ```
/// # use payme_core::vectors::cosine;
/// assert_eq!(cosine(&[3.0, 4.0], &[4.0, 3.0]), Some(0.96));
/// assert_eq!(cosine(&[3.0, 4.0], &[0.0, 0.0]), None);
/// ```
pub fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    let length = (sum_of_products(a, a) * sum_of_products(b, b)).sqrt();
    let cosine = sum_of_products(a, b) / length;
    (length.is_finite() && length > 0.0).then(|| cosine.clamp(-1.0, 1.0))
}

/// In eight sums side by side, so that a compiler may use wide registers without another answer.
fn sum_of_products(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(*x) * f64::from(*y);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(x, y)| f64::from(*x) * f64::from(*y));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::vectors::tests::cases;

    fn embedded(text: &str, dimension: usize) -> Vec<f32> {
        let mut out = vec![f32::NAN; dimension];
        HashedNgrams::new(dimension).embed(text, &mut out);
        out
    }

    fn bits(vector: &[f32]) -> Vec<u32> {
        vector.iter().map(|x| x.to_bits()).collect()
    }

    fn length(vector: &[f32]) -> f64 {
        vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
    }

    // Computed by a second implementation in Python, from the rule in docs/rules/vectors.md alone.
    #[test]
    fn known_texts_have_known_bits() {
        #[rustfmt::skip]
        let table: [(&str, Vec<u32>); 2] = [
            ("Uber, Ubër & AT&T", vec![
                0xbe35_04f3, 0x3eb5_04f3, 0x3e35_04f3, 0x3e35_04f3, 0xbf07_c3b6, 0x3eb5_04f3,
                0x3e35_04f3, 0x0000_0000, 0x3e35_04f3, 0xbeb5_04f3, 0xbe80_0000, 0xbeb5_04f3,
            ]),
            ("the claim, the CLAIM", vec![
                0x3eda_514a, 0xbeda_514a, 0x3e5a_514a, 0x3eda_5149, 0x3e5a_514a, 0x0000_0000,
                0xbeda_514a, 0xbeda_514a,
            ]),
        ];
        for (text, expected) in table {
            assert_eq!(bits(&embedded(text, expected.len())), expected, "{text}");
        }
        let long = embedded("Data breach at McDonald's: the data of 1,2 million people", 384);
        let first: Vec<(usize, u32)> =
            bits(&long).into_iter().enumerate().filter(|(_, x)| *x != 0).take(3).collect();
        assert_eq!(first, [(2, 0x3dc0_ce5a), (8, 0xbdc0_ce5a), (14, 0x3dc0_ce5a)]);
        let digest = bits(&long)
            .iter()
            .fold(0_u64, |sum, x| sum.wrapping_mul(31).wrapping_add(u64::from(*x)));
        assert_eq!(digest, 0x8bd9_756b_2fb7_303e);
    }

    // The first three are test vectors of the authors of FNV.
    #[test]
    fn hashes_are_those_of_their_definitions() {
        let fnv = |text: &str| text.bytes().fold(FNV_BASIS, fnv1a);
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv("foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(mixed(fnv("nabc")), 0x41e7_cdb0_6634_06fa);
    }

    #[test]
    fn a_word_of_n_letters_has_itself_and_its_runs_as_features() {
        // " a ": one run of three. " ab ": two of three, one of four. " abcde ": 5 + 4 + 3.
        for (text, expected) in
            [("", 0), (" -", 0), ("a", 2), ("ab", 4), ("abcde", 13), ("Ä-ab", 6)]
        {
            assert_eq!(features(&words(text)).len(), expected, "{text}");
        }
        assert_eq!(words("AT&T's  Ü1"), " at t s ü1 ");
    }

    #[test]
    fn an_embedder_can_be_used_without_its_type_and_says_what_it_is() {
        let embedder: Box<dyn Embedder> = Box::new(HashedNgrams::default());
        assert_eq!(
            (embedder.name(), embedder.dimension()),
            ("hashed-ngrams-v1", HASHED_NGRAMS_DIMENSION)
        );
        let mut short = [1.0; 3];
        embedder.embed("text", &mut short);
        assert_eq!(bits(&short), [0; 3]);
        assert_eq!(embedded("text", 0), [] as [f32; 0]);
    }

    #[test]
    fn longer_texts_say_something() {
        for number in 0..2_000 {
            let vector = embedded(&format!("claim {number}"), 384);
            assert!((length(&vector) - 1.0).abs() < 1e-6, "{number}");
        }
    }

    #[test]
    fn similar_texts_lie_closer_than_unrelated_ones() {
        let table = [
            ("Starbucks gift card settlement", "starbucks giftcards", "airline baggage fees"),
            ("overdraft fees at a bank", "the bank's overdraft fee", "mislabeled olive oil"),
            ("Walmart weighted groceries", "WALMART grocery", "streaming privacy"),
            ("data breaches of 2023", "a data breach", "tuition refund"),
        ];
        for (text, near, far) in table {
            let text = embedded(text, 384);
            let near = cosine(&text, &embedded(near, 384)).unwrap();
            let far = cosine(&text, &embedded(far, 384)).unwrap();
            assert!(near > far + 0.2, "{near} {far}");
        }
    }

    #[test]
    fn what_has_no_direction_becomes_zeros_and_has_no_cosine() {
        for bad in [&mut [0.0, -0.0][..], &mut [], &mut [f32::NAN, 1.0], &mut [1.0, f32::INFINITY]]
        {
            assert_eq!(cosine(bad, bad), None);
            assert!(!normalise(bad));
            assert!(bad.iter().all(|x| x.to_bits() == 0), "{bad:?}");
        }
        assert_eq!(cosine(&[1.0], &[1.0, 0.0]), None);
        for (scale, other) in [(1e-45, 1e-45), (3e38, 3e38), (1e-45, 3e38)] {
            let mut vector = [scale, 0.0, scale];
            let cosine = cosine(&vector, &[0.0, other, other]).unwrap();
            assert!((cosine - 0.5).abs() < 1e-12, "{scale} {other}: {cosine}");
            assert!(normalise(&mut vector));
            assert!((length(&vector) - 1.0).abs() < 1e-6, "{vector:?}");
        }
    }

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn a_vector_has_length_one_or_is_zero_and_always_the_same_bits(text in "\\PC{0,60}") {
            let vector = embedded(&text, 384);
            let says_nothing = !text.chars().flat_map(char::to_lowercase).any(char::is_alphanumeric);
            let is_zero = bits(&vector) == vec![0; 384];
            // The two features of a word of one letter can cancel each other.
            prop_assert!(is_zero || (length(&vector) - 1.0).abs() < 1e-6);
            prop_assert!(is_zero || !says_nothing);
            prop_assert_eq!(bits(&embedded(&text, 384)), bits(&vector));
        }

        #[test]
        fn neither_the_order_of_words_nor_what_stands_between_them_matters(
            mut words in prop::collection::vec("[a-zA-Z0-9é]{1,9}", 0..12),
            between in "[ ,.;:!&'-]{1,3}",
        ) {
            let text = words.join(" ");
            words.reverse();
            let other = words.join(&between).to_uppercase();
            prop_assert_eq!(bits(&embedded(&text, 64)), bits(&embedded(&other, 64)));
        }

        #[test]
        fn a_cosine_lies_between_its_bounds_and_has_no_order(
            pairs in prop::collection::vec((-1e3_f32..1e3, -1e3_f32..1e3), 1..40),
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            if let Some(cos) = cosine(&a, &b) {
                prop_assert!((-1.0..=1.0).contains(&cos));
                prop_assert_eq!(cosine(&b, &a).map(f64::to_bits), Some(cos.to_bits()));
                prop_assert!((cosine(&a, &a).unwrap() - 1.0).abs() < 1e-12);
            }
        }
    }
}
