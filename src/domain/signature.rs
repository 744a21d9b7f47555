//! The signature of a postback: who knows the campaign's secret, and when (domain.md section 3).

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::Mac;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use url::form_urlencoded;

use super::secret::{PostbackSecret, keyed};
use super::time::{SECOND_MS, Timestamp};

/// A signature may be this much older or younger than our clock.
pub const SIGNATURE_AGE_MAX_SECONDS: i64 = 300;

/// What is signed: the request as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// `ts`, in Unix seconds: the time of the signature only.
    pub timestamp: i64,
    /// Upper case: `GET`, `POST`.
    pub method: &'a str,
    pub path: &'a str,
    /// Byte by byte as sent, without the `&sig=…` at its end.
    pub query: &'a str,
    pub body: &'a [u8],
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// The signature is right, but its time is not.
    #[error("the signature is more than {SIGNATURE_AGE_MAX_SECONDS} seconds off")]
    Stale,
    #[error("the signature does not fit the request and the secret")]
    Bad,
}

/// Hexadecimal HMAC-SHA256 of `{ts}\n{METHOD}\n{path}\n{query}\n{hex sha256 of the body}`.
pub fn sign(secret: &PostbackSecret, request: &SignedRequest<'_>) -> String {
    HEXLOWER.encode(&mac_of(secret, request))
}

/// Accepts a signature made with one of the campaign's live secrets, at most 300 s before or after `now`.
pub fn check(
    secrets: &[PostbackSecret],
    request: &SignedRequest<'_>,
    signature_hex: &str,
    now: Timestamp,
) -> Result<(), SignatureRefused> {
    let signature = HEXLOWER_PERMISSIVE.decode(signature_hex.as_bytes()).map_err(|_| SignatureRefused::Bad)?;
    let fits = |secret| mac_of(secret, request).as_slice().ct_eq(&signature);
    let fits_any = secrets.iter().fold(Choice::from(0), |found, secret| found | fits(secret));
    if !bool::from(fits_any) {
        return Err(SignatureRefused::Bad);
    }
    let off_ms = i128::from(now.0) - i128::from(request.timestamp) * i128::from(SECOND_MS);
    if off_ms.abs() > i128::from(SIGNATURE_AGE_MAX_SECONDS * SECOND_MS) {
        return Err(SignatureRefused::Stale);
    }
    Ok(())
}

/// Parts a query into what is signed and the signature: `sig` must be there once, as the last parameter.
pub fn split_signature(query: &str) -> Option<(&str, &str)> {
    let (before, last) = query.rsplit_once('&').unwrap_or(("", query));
    let signature = last.strip_prefix("sig=")?;
    let is_repeated = form_urlencoded::parse(before.as_bytes()).any(|(name, _)| name == "sig");
    (!is_repeated).then_some((before, signature))
}

fn mac_of(secret: &PostbackSecret, request: &SignedRequest<'_>) -> [u8; 32] {
    let SignedRequest { timestamp, method, path, query, body } = request;
    let body = HEXLOWER.encode(&Sha256::digest(body));
    let text = format!("{timestamp}\n{method}\n{path}\n{query}\n{body}");
    keyed(secret.as_str().as_bytes()).chain_update(text).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::super::ids::CampaignId;
    use super::super::secret::SecretKey;
    use super::*;

    const NOW_SECONDS: i64 = 1_772_445_600;
    const NOW: Timestamp = Timestamp(NOW_SECONDS * SECOND_MS);
    const REQUEST: SignedRequest<'_> = SignedRequest {
        timestamp: NOW_SECONDS,
        method: "POST",
        path: "/postback",
        query: "campaign=abc&order_id=O1&amount=49.90&currency=EUR&ts=1772445600",
        body: b"{}",
    };

    fn secret(campaign_id: i64, version: i64) -> PostbackSecret {
        SecretKey::from_bytes([7; 32]).postback_secret(CampaignId(campaign_id), version)
    }

    #[test]
    fn a_signature_is_what_another_implementation_computes() {
        assert_eq!(sign(&secret(42, 1), &REQUEST), "7cee597a72581e4c9a558c80f2c5ef5cd1c44fb293076743dd2d3d6ae8f8fa11");
    }

    #[test]
    fn either_of_two_live_secrets_counts_and_no_other() {
        let live = [secret(42, 2), secret(42, 1)];
        for (signer, expected) in [
            (secret(42, 1), Ok(())),
            (secret(42, 2), Ok(())),
            (secret(42, 3), Err(SignatureRefused::Bad)),
            (secret(43, 1), Err(SignatureRefused::Bad)),
        ] {
            let signature = sign(&signer, &REQUEST);
            assert_eq!(check(&live, &REQUEST, &signature, NOW), expected, "{}", signer.as_str());
            assert_eq!(check(&live, &REQUEST, &signature.to_uppercase(), NOW), expected);
            assert_eq!(check(&[], &REQUEST, &signature, NOW), Err(SignatureRefused::Bad));
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let secrets = [secret(42, 1)];
        let signature = sign(&secrets[0], &REQUEST);
        let refused = |request: SignedRequest<'_>, signature: &str| {
            assert_eq!(
                check(&secrets, &request, signature, NOW),
                Err(SignatureRefused::Bad),
                "{request:?} {signature}"
            );
        };
        for method in flipped(REQUEST.method) {
            refused(SignedRequest { method: &method, ..REQUEST }, &signature);
        }
        for path in flipped(REQUEST.path) {
            refused(SignedRequest { path: &path, ..REQUEST }, &signature);
        }
        for query in flipped(REQUEST.query) {
            refused(SignedRequest { query: &query, ..REQUEST }, &signature);
        }
        for body in flipped("{}") {
            refused(SignedRequest { body: body.as_bytes(), ..REQUEST }, &signature);
        }
        for bit in 0..63 {
            refused(SignedRequest { timestamp: REQUEST.timestamp ^ (1 << bit), ..REQUEST }, &signature);
        }
        let is_other_case = |text: &String| text.eq_ignore_ascii_case(&signature);
        for signature in flipped(&signature).filter(|text| !is_other_case(text)) {
            refused(REQUEST, &signature);
        }
        for signature in ["", &signature[..62], &format!("{signature}00"), &signature[1..]] {
            refused(REQUEST, signature);
        }
    }

    /// The text with each of its bits flipped; the highest bit of a byte would not be text.
    fn flipped(text: &str) -> impl Iterator<Item = String> {
        (0..text.len() * 7).map(move |bit| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[bit / 7] ^= 1 << (bit % 7);
            String::from_utf8(bytes).unwrap()
        })
    }

    #[test]
    fn the_order_of_parameters_and_their_encoding_are_signed() {
        let secrets = [secret(42, 1)];
        let signature = sign(&secrets[0], &REQUEST);
        for query in [
            "order_id=O1&campaign=abc&amount=49.90&currency=EUR&ts=1772445600",
            "campaign=abc&order_id=%4F1&amount=49.90&currency=EUR&ts=1772445600",
            "campaign=abc&order_id=O1&amount=49.90&currency=EUR&ts=1772445600&amount=1",
            "",
        ] {
            let request = SignedRequest { query, ..REQUEST };
            assert_eq!(check(&secrets, &request, &signature, NOW), Err(SignatureRefused::Bad), "{query}");
        }
    }

    #[test]
    fn a_signature_counts_for_300_seconds_either_way() {
        let secrets = [secret(42, 1)];
        for (off, expected) in [
            (-301, Err(SignatureRefused::Stale)),
            (-300, Ok(())),
            (0, Ok(())),
            (300, Ok(())),
            (301, Err(SignatureRefused::Stale)),
            (i64::MAX - NOW_SECONDS, Err(SignatureRefused::Stale)),
            (i64::MIN, Err(SignatureRefused::Stale)),
        ] {
            let request = SignedRequest { timestamp: NOW_SECONDS + off, ..REQUEST };
            let signature = sign(&secrets[0], &request);
            assert_eq!(check(&secrets, &request, &signature, NOW), expected, "{off} s");
        }
        let signature = sign(&secrets[0], &REQUEST);
        let late = NOW.plus_ms(300 * SECOND_MS + 1);
        assert_eq!(check(&secrets, &REQUEST, &signature, late), Err(SignatureRefused::Stale));
    }

    #[test]
    fn the_signature_is_the_last_parameter_or_none() {
        for (query, expected) in [
            ("a=1&b=2&sig=ff", Some(("a=1&b=2", "ff"))),
            ("sig=ff", Some(("", "ff"))),
            ("a=1&sig=", Some(("a=1", ""))),
            ("a=1&sig=ff&b=2", None),
            ("a=1&sig=ff&", None),
            ("sig=00&a=1&sig=ff", None),
            ("s%69g=00&sig=ff", None),
            ("a=1&sig", None),
            ("a=1&Sig=ff", None),
            ("a=sig=ff", None),
            ("", None),
        ] {
            assert_eq!(split_signature(query), expected, "{query}");
        }
    }
}
