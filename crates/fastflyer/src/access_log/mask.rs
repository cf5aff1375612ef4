//! Which names carry secrets: one documented list for headers, query parameters, form fields and
//! JSON fields.
//!
//! Deliberately names only: a value is never judged by its looks, since such guesses are wrong in
//! both directions. The key item is [`is_secret_name`]; it runs for every field of every logged
//! body, so a test of which letters occur at all rules out nearly every name before the list.

/// What is written in the place of a secret, as JSON.
pub(super) const MASKED: &[u8] = br#""***""#;

/// Stems that make a name secret wherever they occur in it.
const STEMS: [&[u8]; 20] = [
    b"password",
    b"passwd",
    b"passphrase",
    b"passcode",
    b"pwd",
    b"secret",
    b"token",
    b"apikey",
    b"accesskey",
    b"privatekey",
    b"signingkey",
    b"encryptionkey",
    b"authkey",
    b"credential",
    b"authorization",
    b"authorisation",
    b"cookie",
    b"sessionid",
    b"sessionkey",
    b"sessid",
];

/// Words that make a name secret when they are its last word: `pass`, `db_pass`, `dbPass`,
/// `user[pass]`, but not `compass` or `pass_rate`.
const LAST_WORDS: [&[u8]; 4] = [b"pass", b"sid", b"otp", b"jwt"];

/// What follows a stem and makes it another word: a secretary, a tokenizer, a count of tokens.
const HARMLESS_NEXT: [(&[u8], &[&[u8]]); 2] = [
    (b"secret", &[b"ary", b"aria", b"aries"]),
    (
        b"token",
        &[b"iz", b"ising", b"isation", b"count", b"limit", b"type"],
    ),
];

/// What stands before `tokens` where tokens are counted (language models), not handed out.
const COUNTED_TOKENS: [&[u8]; 11] = [
    b"max",
    b"min",
    b"num",
    b"total",
    b"prompt",
    b"completion",
    b"input",
    b"output",
    b"cached",
    b"reasoning",
    b"thinking",
];

/// Whether a header, parameter or field of this name carries a secret.
///
/// ASCII case is ignored, and so is every ASCII byte that is neither letter nor digit: `api_key`,
/// `X-Api-Key`, `apiKey` and `user[api key]` are one name. Secret are
///
/// * names containing `password`, `passwd`, `passphrase`, `passcode`, `pwd`, `secret`, `token`,
///   `apikey`, `accesskey`, `privatekey`, `signingkey`, `encryptionkey`, `authkey`, `credential`,
///   `authorization`, `authorisation`, `cookie`, `sessionid`, `sessionkey` or `sessid`,
/// * names whose last word is `pass`, `sid`, `otp` or `jwt`.
///
/// Not secret are `author`, `key`, `monkey`, `compass`, `secretary`, `tokenizer`, `token_type`,
/// `token_count`, `max_tokens` and their like.
pub(crate) fn is_secret_name(name: &[u8]) -> bool {
    may_have_rare_letter(name) && may_be_secret(name) && matches_list(name)
}

/// False for many names of up to eight letters that no entry can match.
#[inline]
fn may_have_rare_letter(name: &[u8]) -> bool {
    let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) else {
        return name.len() == 3;
    };
    let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
    name.len() > 8 || has_rare_letter(u64::from(first) | u64::from(last) << 32)
}

/// Whether one of the bytes of `word` is an s, a k, a w or a p, as one is in every secret name of
/// up to eight letters; in rare cases also true of others.
#[inline]
pub(super) fn has_rare_letter(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let word = word | (ONES * 0x20);
    let is = |letter: u8| (word ^ (ONES * u64::from(letter))).wrapping_sub(ONES);
    (is(b's') | is(b'k') | is(b'w') | is(b'p')) & (ONES << 7) != 0
}

const fn letters(word: &[u8]) -> u32 {
    let mut set = 0;
    let mut index = 0;
    while index < word.len() {
        set |= 1 << (word[index] & 31);
        index += 1;
    }
    set
}

/// Whether the letters of any entry of the lists all occur in the name, in whatever order.
#[inline]
fn may_be_secret(name: &[u8]) -> bool {
    // Five bits of a byte tell letters apart without regard to case. Other bytes share the bits of
    // letters, which only lets a name through to the exact test.
    let set = name.iter().fold(0_u32, |set, byte| set | 1 << (byte & 31));
    let has = |wanted: u32| set & wanted == wanted;
    // Every entry holds an s, a k or a w, but for credential, authorization and otp.
    let rare = set & letters(b"skw") != 0;
    (rare
        && (has(letters(b"pas"))
            || has(letters(b"secrt"))
            || has(letters(b"token"))
            || has(letters(b"key"))
            || has(letters(b"cokie"))
            || has(letters(b"sid"))
            || has(letters(b"pwd"))
            || has(letters(b"jwt"))))
        || has(letters(b"credntial"))
        || has(letters(b"authori"))
        || has(letters(b"otp"))
}

#[cold]
pub(super) fn matches_list(name: &[u8]) -> bool {
    let last_word = |word: &&[u8]| is_last_word(name, word);
    STEMS.iter().any(|stem| contains(name, stem)) || LAST_WORDS.iter().any(last_word)
}

fn contains(name: &[u8], stem: &[u8]) -> bool {
    (0..name.len()).any(|start| {
        name[start].is_ascii_alphanumeric()
            && strip(&name[start..], stem)
                .is_some_and(|rest| !is_harmless(stem, &name[..start], rest))
    })
}

fn is_harmless(stem: &[u8], before: &[u8], rest: &[u8]) -> bool {
    let other_word = HARMLESS_NEXT
        .iter()
        .filter(|(of, _)| *of == stem)
        .flat_map(|(_, nexts)| *nexts)
        .any(|next| strip(rest, next).is_some());
    let counted = || {
        stem == b"token"
            && strip(rest, b"s").is_some()
            && COUNTED_TOKENS.iter().any(|word| ends_with(before, word))
    };
    other_word || counted()
}

/// What follows `prefix` in `name`; ASCII bytes of `name` that are no letters or digits are skipped.
fn strip<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let mut wanted = prefix.iter();
    let mut next = wanted.next();
    for (index, byte) in name.iter().enumerate() {
        let Some(letter) = next else {
            return Some(&name[index..]);
        };
        if byte.to_ascii_lowercase() == *letter {
            next = wanted.next();
        } else if !is_ignored(*byte) {
            return None;
        }
    }
    next.is_none().then_some(&[])
}

fn ends_with(name: &[u8], suffix: &[u8]) -> bool {
    let mut letters = name.iter().rev().filter(|byte| !is_ignored(**byte));
    suffix.iter().rev().all(|wanted| {
        letters
            .next()
            .is_some_and(|byte| byte.to_ascii_lowercase() == *wanted)
    })
}

fn is_last_word(name: &[u8], word: &[u8]) -> bool {
    let end = name
        .iter()
        .rposition(|byte| !is_ignored(*byte))
        .map_or(0, |last| last + 1);
    let Some(start) = end.checked_sub(word.len()) else {
        return false;
    };
    name[start..end].eq_ignore_ascii_case(word)
        && name[..start].last().is_none_or(|before| {
            is_ignored(*before)
                || before.is_ascii_digit()
                || (before.is_ascii_lowercase() && name[start].is_ascii_uppercase())
        })
}

fn is_ignored(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}
