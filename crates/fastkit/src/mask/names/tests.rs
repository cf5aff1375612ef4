//! The names that are judged secret or not, and that the quick tests agree with the list.

use super::*;
use proptest::prelude::*;

#[test]
fn secret() {
    let names = "password PASSWORD pass_word new-password userPassword passwd passphrase passcode pwd \
                 user_pwd secret client_secret clientSecret secretKey token access_token refreshToken \
                 x-auth-token tokens access_tokens id_token tokenization_token apikey api_key X-Api-Key \
                 X-API-KEY api.key accessKeyId access_key private_key privateKey signing_key \
                 encryption-key authkey credential credentials aws_credentials Authorization \
                 authorisation Proxy-Authorization cookie cookies Set-Cookie session_id sessionId \
                 PHPSESSID JSESSIONID session-key pass db_pass dbPass DB_PASS DBPASS DBPass userpass \
                 pass2 pass_1 user[pass] flyer_auth_pass flyer_redis_pass redis2pass sid connect.sid \
                 otp user_otp jwt pin user-pin cvv card.cvc ssn sign signature X-Amz-Signature \
                 secretary_secret p-a-s-s-w-o-r-d -otp sid_ user[password] user[private_key] \
                 flyer_tls_key flyer_tls_keys sshKeys SSHKey sshkey sign_key signKey rsa_key x-app-key \
                 encrypted_key api_key_2 sha256_key db_pwd 密码 用户密码 口令 密钥 令牌 验证码 凭证 \
                 a密码 密码2 我的password 用户pass 我的_key";
    for name in names.split_whitespace() {
        assert!(is_secret_name(name), "{name}");
    }
    assert!(is_secret_name("user[api key]"));
    assert!(is_secret_name_bytes(b"\xffpassword\xff"));
}

#[test]
fn harmless() {
    let names = "author authority key KEY keys keyId keyword KEYWORD keyboard keypad monkey monkeys \
                 turkey hockey name age sex data code message detail tokenizer tokenize tokenized \
                 token_type tokenCount token_limit max_tokens maxTokens total_tokens prompt_tokens \
                 completion_tokens tokens_used tokensPerSecond secretary secretariat compass COMPASS \
                 encompass bypass lowpass passenger passport pass_rate passed passive pas side inside \
                 aside adopt option photo hotpot sidebar wd pw broken stoke session desk work host \
                 accept x-host-ip sec-fetch-mode etag x y cook k ke pinned spin assign design \
                 signature_version value version level csv vcc primary_key foreign_key primaryKey \
                 foreignKeys cache_key cacheKey sort_key partitionKey publicKey public_key \
                 ssh_public_key Idempotency-Key Sec-WebSocket-Key Surrogate-Key tags[0][key] tag.key \
                 filter[key] [key] -key _key_ key1 primarykey cachekey flyer_keepalive \
                 flyer_tls_key_file 名称 密 码 键 密_码";
    for name in names.split_whitespace() {
        assert!(!is_secret_name(name), "{name}");
    }
    assert!(!is_secret_name(""));
    assert!(!is_secret_name_bytes(b"\xe5\xaf\x86\xe7\xa0"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn only_names_with_an_entry_pass_the_quick_tests(
        name in ".{0,3}(pass|pwd|otp|sid|token|key|pin|cvv|sign|密码|口令|[a-z]{0,9}).{0,3}",
    ) {
        // The quick tests may only rule out what the list does not have.
        prop_assert_eq!(is_secret_name(&name), matches_list(name.as_bytes()));
    }

    #[test]
    fn short_names_pass_by_their_rare_letters(name in "[a-z_]{0,3}(pass|pwd|otp|sid|jwt|pin|cv[cv]|ssn|sign|key)") {
        if name.len() <= 8 && is_secret_name(&name) {
            let mut word = [0; 8];
            word[..name.len()].copy_from_slice(name.as_bytes());
            prop_assert!(has_rare_letter(u64::from_le_bytes(word)));
        }
    }
}

#[test]
fn every_entry_passes_the_quick_tests() {
    let letters = (b'a'..=b'z').flat_map(stems);
    for entry in letters.chain(&LAST_WORDS) {
        assert!(
            is_secret_name_bytes(entry),
            "{}",
            String::from_utf8_lossy(entry)
        );
    }
    for word in [0x80, 0xd3, 0xeb, 0xf0, 0xf7, 0xff] {
        assert!(has_rare_letter(word << 16), "{word:x}");
    }
}
