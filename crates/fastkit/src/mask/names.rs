//! Which names hold secrets: one list for settings, log fields, headers, parameters and the fields
//! of bodies.
//!
//! The key item is [`is_secret_name`]. It runs for every field of every logged body, so tests of
//! which letters occur at all rule out nearly every name before the list, [`matches_list`]: an
//! entry that is added there has to pass [`has_rare_letter`] and [`has_letters`] too.

/// The stems that begin with this letter and make a name secret wherever they occur in it.
fn stems(first: u8) -> &'static [&'static [u8]] {
    match first | 0x20 {
        b'a' => &[
            b"accesskey",
            b"apikey",
            b"authkey",
            b"authorization",
            b"authorisation",
        ],
        b'c' => &[b"cookie", b"credential"],
        b'e' => &[b"encryptionkey"],
        b'm' => &[b"masterkey"],
        b'p' => &[
            b"password",
            b"passwd",
            b"passphrase",
            b"passcode",
            b"pwd",
            b"privatekey",
        ],
        b's' => &[
            b"secret",
            b"sessid",
            b"sessionid",
            b"sessionkey",
            b"signingkey",
            b"signkey",
            b"sshkey",
        ],
        b't' => &[b"token"],
        _ => &[],
    }
}

/// The same in Chinese: password, passphrase, key, token, verification code, credential.
const CHINESE: [&str; 6] = ["密码", "口令", "密钥", "令牌", "验证码", "凭证"];

/// Words that make a name secret when they are its last word.
const LAST_WORDS: [&[u8]; 9] = [
    b"sid",
    b"otp",
    b"jwt",
    b"pin",
    b"cvv",
    b"cvc",
    b"ssn",
    b"sign",
    b"signature",
];

/// What stands before `pass` in words that mean something else.
const HARMLESS_PASS: [&[u8]; 10] = [
    b"com", b"by", b"sur", b"tres", b"over", b"under", b"multi", b"high", b"low", b"band",
];

/// What stands before the last word `key` where it unlocks nothing.
const HARMLESS_KEY: [&[u8]; 48] = [
    b"attribute",
    b"business",
    b"cache",
    b"candidate",
    b"column",
    b"composite",
    b"dedup",
    b"deduplication",
    b"dict",
    b"end",
    b"entity",
    b"event",
    b"feature",
    b"field",
    b"first",
    b"foreign",
    b"group",
    b"grouping",
    b"hash",
    b"idempotency",
    b"index",
    b"issue",
    b"item",
    b"json",
    b"label",
    b"last",
    b"lock",
    b"lookup",
    b"map",
    b"message",
    b"metric",
    b"natural",
    b"next",
    b"object",
    b"order",
    b"parent",
    b"partition",
    b"primary",
    b"property",
    b"pub",
    b"public",
    b"routing",
    b"shard",
    b"sort",
    b"start",
    b"surrogate",
    b"unique",
    // The header `Sec-WebSocket-Key`, which is a nonce.
    b"socket",
];

/// What follows a stem and makes it another word: a secretary, a tokenizer, a count of tokens.
const HARMLESS_NEXT: [(&[u8], &[&[u8]]); 2] = [
    (b"secret", &[b"ary", b"aria", b"aries"]),
    (
        b"token",
        &[
            b"iz", b"ising", b"isation", b"count", b"limit", b"type", b"sused", b"sper",
        ],
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

/// Whether a setting, field, header or parameter of this name holds a secret.
///
/// ASCII case does not matter, and every ASCII byte that is neither letter nor digit only separates
/// words: `api_key`, `X-Api-Key`, `apiKey` and `user[api key]` are one name. Secret are
///
/// * names containing `password`, `passwd`, `passphrase`, `passcode`, `pwd`, `secret`, `token`,
///   `credential`, `authorization`, `authorisation`, `cookie`, `sessionid`, `sessid`, or, even in
///   one word, a key of these kinds: `access`, `api`, `auth`, `encryption`, `master`, `private`,
///   `session`, `sign`, `signing`, `ssh`,
/// * names that end with `pass` (`db_pass`, `DBPASS`), but for words such as `compass` and `bypass`,
/// * names whose last word is `sid`, `otp`, `jwt`, `pin`, `cvv`, `cvc`, `ssn`, `sign`, `signature`,
/// * names whose last word is `key` or `keys` with another word right before it (`flyer_tls_key`,
///   `rsaKey`, `x-app-key`), unless that one tells that the key unlocks nothing, as in `primary_key`,
///   `cache_key`, `publicKey` or `Idempotency-Key`. A bare `key` is half of a key/value pair more
///   often than a secret, so it is none, and neither is `tags[0][key]`,
/// * names containing `密码`, `口令`, `密钥`, `令牌`, `验证码` or `凭证`.
///
/// Digits at the end are left out (`pass2`). Not secret are `author`, `monkey`, `keyboard`,
/// `pass_rate`, `secretary`, `tokenizer`, `token_type`, `max_tokens` and their like.
///
/// Allocates nothing: it is called for every field of every log line.
///
/// ```
/// use fastkit::mask::is_secret_name;
///
/// assert!(is_secret_name("flyer_auth_pass"));
/// assert!(is_secret_name("X-Api-Key"));
/// assert!(!is_secret_name("sort_key"));
/// assert!(!is_secret_name("flyer_keepalive"));
/// ```
#[must_use]
#[inline]
pub fn is_secret_name(name: &str) -> bool {
    is_secret_name_bytes(name.as_bytes())
}

/// As [`is_secret_name`], for a name that may be no UTF-8.
#[must_use]
#[inline(never)]
pub fn is_secret_name_bytes(name: &[u8]) -> bool {
    may_be_secret(name) && matches_list(name)
}

/// False for nearly all names that the list does not have.
#[inline]
fn may_be_secret(name: &[u8]) -> bool {
    let word = match *name {
        [] | [_] | [_, _] => return false,
        [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
        _ if name.len() > 8 => {
            let set = letter_set(name);
            return has_letters(set)
                || has_all(set, b"credntial")
                || has_all(set, b"authori")
                || !name.is_ascii();
        }
        _ => match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
            }
            _ => return true,
        },
    };
    has_rare_letter(word) && (has_letters(letter_set(name)) || word & (ONES << 7) != 0)
}

const ONES: u64 = u64::MAX / 255;

/// Whether one of the bytes of `word` is an s, a k, a w, a p or a v, as one is in every secret name
/// of up to eight letters, or is not ASCII; in rare cases also true of others.
#[must_use]
#[inline]
pub fn has_rare_letter(word: u64) -> bool {
    let word = word | (ONES * 0x20);
    let is = |word: u64, letter: u8| (word ^ (ONES * u64::from(letter))).wrapping_sub(ONES);
    // The v differs from the w in the lowest bit only. What is not ASCII differs in its highest bit
    // from every letter, and the difference is 0x80 for one of them at most.
    let found = is(word, b's') | is(word, b'k') | is(word | ONES, b'w') | is(word, b'p');
    found & (ONES << 7) != 0
}

/// Five bits of a byte tell letters apart without regard to case. Other bytes share the bits of
/// letters, which only lets a name through to the exact test.
#[inline]
const fn letter_set(word: &[u8]) -> u32 {
    let mut set = 0;
    let mut index = 0;
    while index < word.len() {
        set |= 1 << (word[index] & 31);
        index += 1;
    }
    set
}

#[inline]
const fn has_all(set: u32, letters: &[u8]) -> bool {
    let wanted = letter_set(letters);
    set & wanted == wanted
}

/// Whether the set has all letters of an entry of the list, but for the Chinese ones, `credential`
/// and `authorization`.
#[inline]
fn has_letters(set: u32) -> bool {
    let has = |letters: &[u8]| has_all(set, letters);
    // By one letter each, which most names do not have.
    (has(b"s") && (has(b"pas") || has(b"sid") || has(b"sn") || has(b"secrt")))
        || (has(b"k") && (has(b"token") || has(b"key") || has(b"cokie")))
        || (has(b"p") && (has(b"otp") || has(b"pin")))
        || (has(b"w") && (has(b"pwd") || has(b"jwt")))
        || has(b"cv")
}

#[cold]
fn matches_list(name: &[u8]) -> bool {
    has_stem(name) || has_last_word(name) || (!name.is_ascii() && is_chinese(name))
}

fn is_chinese(name: &[u8]) -> bool {
    CHINESE
        .iter()
        .any(|word| name.windows(word.len()).any(|part| part == word.as_bytes()))
}

fn has_stem(name: &[u8]) -> bool {
    name.iter().enumerate().any(|(start, first)| {
        stems(*first).iter().any(|stem| {
            strip(&name[start..], stem).is_some_and(|rest| !is_harmless(stem, &name[..start], rest))
        })
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
            && COUNTED_TOKENS.iter().any(|word| {
                let mut letters = before.iter().rev().filter(|byte| !is_ignored(**byte));
                word.iter().rev().all(|wanted| {
                    letters
                        .next()
                        .is_some_and(|byte| byte.eq_ignore_ascii_case(wanted))
                })
            })
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
        if byte.eq_ignore_ascii_case(letter) {
            next = wanted.next();
        } else if !is_ignored(*byte) {
            return None;
        }
    }
    next.is_none().then_some(&[])
}

fn has_last_word(name: &[u8]) -> bool {
    let is_end = |byte: &u8| !is_ignored(*byte) && !byte.is_ascii_digit();
    let end = name.iter().rposition(is_end).map_or(0, |last| last + 1);
    let name = &name[..end];
    let is_last = |word: &&[u8]| {
        ends_with(name, word).is_some_and(|before| is_word_start(name, before.len()))
    };
    LAST_WORDS.iter().any(is_last)
        || ends_with(name, b"pass").is_some_and(|before| {
            is_word_start(name, before.len())
                || !HARMLESS_PASS
                    .iter()
                    .any(|word| ends_with(before, word).is_some())
        })
        || ends_with(name, b"key")
            .or_else(|| ends_with(name, b"keys"))
            .is_some_and(|before| is_word_start(name, before.len()) && is_key_of(before))
}

/// Whether a key is secret that is of what stands right before it.
fn is_key_of(before: &[u8]) -> bool {
    let joint = |byte: &u8| matches!(byte, b'_' | b'-' | b' ');
    let end = before.iter().rposition(|byte| !joint(byte));
    let Some(last) = end.filter(|last| !is_ignored(before[*last])) else {
        return false;
    };
    let before = &before[..=last];
    !HARMLESS_KEY.iter().any(|word| {
        ends_with(before, word)
            .is_some_and(|rest| *word == b"socket" || is_word_start(before, rest.len()))
    })
}

/// What stands before `suffix`, without regard to case.
fn ends_with<'a>(name: &'a [u8], suffix: &[u8]) -> Option<&'a [u8]> {
    let (before, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(before)
}

/// Whether a word begins at `start`: after anything but an ASCII letter, or by its case (`dbPass`,
/// `DBPass`).
fn is_word_start(name: &[u8], start: usize) -> bool {
    let upper = name.get(start).is_some_and(u8::is_ascii_uppercase);
    let then_lower = name.get(start + 1).is_some_and(u8::is_ascii_lowercase);
    name[..start].last().is_none_or(|before| {
        !before.is_ascii_alphabetic() || (upper && (before.is_ascii_lowercase() || then_lower))
    })
}

fn is_ignored(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests;
